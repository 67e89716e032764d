// Report: the machine's count is proposed; each touch of a reason is one bad part of it.
let report;
opensWith.report = () => {
  const since = Number(document.querySelector('#counts .numbers')?.dataset.since || 0);
  report = { since, good: String(since), untouched: true, bad: new Map(), target: 'good', fresh: true };
  drawReport();
};
const bad = () => [...report.bad.values()].reduce((sum, one) => sum + Number(one.text || 0), 0);
const drawReport = () => {
  const form = $('report-form'), current = report.bad.get(report.target);
  if (report.untouched) report.good = String(Math.max(report.since - bad(), 0));
  const [good, reason] = form.querySelectorAll('.field');
  good.querySelector('b').textContent = report.good || '0';
  reason.querySelector('b').textContent = current ? current.text || '0' : '0';
  reason.querySelector('span').textContent = current ? current.name : reason.querySelector('span').dataset.empty;
  reason.disabled = !report.bad.size;
  good.setAttribute('aria-pressed', report.target === 'good');
  reason.setAttribute('aria-pressed', report.target !== 'good');
  for (const tile of form.querySelectorAll('[data-reason]')) {
    const one = report.bad.get(tile.dataset.kind + ':' + tile.dataset.reason);
    tile.querySelector('i').textContent = one && Number(one.text) ? one.text : '';
    tile.setAttribute('aria-pressed', report.target === tile.dataset.kind + ':' + tile.dataset.reason);
  }
  const send = $('report-send'), much = Number(report.good) > form.dataset.remaining * 1.2;
  send.textContent = (much ? send.dataset.wordMany : send.dataset.word).replace('{good}', report.good || '0').replace('{bad}', bad());
  send.disabled = !Number(report.good || 0) && !bad();
};
const touchReason = (tile) => {
  const id = tile.dataset.kind + ':' + tile.dataset.reason;
  const one = report.bad.get(id) || { kind: tile.dataset.kind, reason: tile.dataset.reason, name: tile.querySelector('b').textContent, text: '0' };
  one.text = String(Number(one.text || 0) + 1);
  report.bad.set(id, one);
  report.target = id;
  report.fresh = true;
  drawReport();
};
const typeReport = (key) => {
  if (report.target === 'good') { report.untouched = false; report.good = typed(report.good, key, report.fresh); }
  else { const one = report.bad.get(report.target); one.text = typed(one.text, key, report.fresh); }
  report.fresh = false;
  drawReport();
};
const reportBody = () => {
  const lines = (kind) => [...report.bad.values()].filter((one) => one.kind === kind && Number(one.text))
    .map((one) => ({ quantity: one.text, reason: one.reason }));
  const body = {};
  if (!report.untouched) body.good = report.good || '0';
  if (isAway() || report.since === 0) body.good = report.good || '0';
  if (lines('scrap').length) body.scrap = lines('scrap');
  if (lines('rework').length) body.rework = lines('rework');
  return body;
};
onClick('#panel-report [data-key]', (at) => typeReport(at.dataset.key));
onClick('#panel-report [data-reason]', touchReason);
onClick('#panel-report [data-target]', (at) => {
  report.target = at.dataset.target === 'good' ? 'good' : [...report.bad.keys()].at(-1);
  report.fresh = true;
  drawReport();
});
addEventListener('keydown', (event) => {
  if (openPanel()?.id === 'panel-report' && /^\d$/.test(event.key)) typeReport(event.key);
});
