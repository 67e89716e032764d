// A stop is cut in two at a moment that lies inside, and each side may get its reason; one that gets none keeps what it has.
const splitMoment = (panel) => panel.querySelector('[name=at]');
const drawSplit = (panel) => {
  const at = Date.parse(splitMoment(panel).value), [before, after] = panel.querySelectorAll('fieldset');
  panel.querySelector('.moment output').textContent = clockText(at);
  before.querySelector('output').textContent = spell(at - Date.parse(panel.dataset.from));
  after.querySelector('output').textContent = spell(Date.parse(panel.dataset.to) - at);
  const said = [...panel.querySelectorAll('fieldset input')].some((one) => one.value);
  if (!isAway()) panel.querySelector('.primary').disabled = !said;
};
opensWith.split = drawSplit;
onClick('.split [data-step]', (at) => {
  const panel = at.closest('.split'), first = Date.parse(panel.dataset.from) + 1000, last = Date.parse(panel.dataset.to) - 1000;
  const wanted = Date.parse(splitMoment(panel).value) + at.dataset.step * 1000;
  splitMoment(panel).value = new Date(Math.min(Math.max(wanted, first), last)).toISOString();
  drawSplit(panel);
});
onClick('.split [data-cause]', (at) => {
  const side = at.closest('fieldset'), was = at.getAttribute('aria-pressed') === 'true';
  for (const tile of side.querySelectorAll('[data-cause]')) tile.setAttribute('aria-pressed', tile === at && !was);
  side.querySelector('input').value = was ? '' : at.dataset.cause;
  drawSplit(at.closest('.split'));
});
