// A lot is traced: what was scanned is asked for at once, the way that was shown last.
const trace = (label, direction) => location.assign('/trace?' + new URLSearchParams({ label, direction }));
ownForms['trace-form'] = (form, button) => trace($('trace-label').value.trim(), button?.value || 'backward');
const traceScanned = (code) => {
  if (!$('trace-form')) return false;
  trace(code, document.querySelector('#trace-form [aria-pressed=true]')?.value || 'backward');
  return true;
};
onClick('[data-print]', () => print());
