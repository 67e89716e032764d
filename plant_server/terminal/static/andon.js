// Calls for help: how long ago each was made and when somebody comes, counted on here by the second. A page of those who
// come says aloud how many nobody answers, when that changes.
const twoDigits = (number) => String(Math.floor(number)).padStart(2, '0');
const clockOf = (ms) => {
  const s = Math.max(0, Math.floor(ms / 1000));
  return (s < 3600 ? '' : `${Math.floor(s / 3600)}:`) + `${twoDigits(s % 3600 / 60)}:${twoDigits(s % 60)}`;
};
const showCalls = () => {
  for (const one of document.querySelectorAll('[data-called]')) one.textContent = clockOf(Date.now() - Date.parse(one.dataset.called));
  for (const one of document.querySelectorAll('[data-eta]')) {
    const left = Date.parse(one.dataset.eta) - Date.now();
    one.textContent = `${left < 0 ? '−' : ''}${Math.ceil(Math.abs(left) / 60000)} ${word('Min')}`;
  }
};
let unanswered = null;
const sayCalls = () => {
  const now = $('calls-now');
  if (!now || now.dataset.unanswered === unanswered) return;
  if (unanswered !== null) {
    $('calls-said').textContent = now.dataset.said;
    if (now.dataset.unanswered > Number(unanswered)) tell(false);
  }
  unanswered = now.dataset.unanswered;
};
document.addEventListener('htmx:sseMessage', showCalls);
