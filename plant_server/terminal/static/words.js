// What every subject of the page needs: elements by their id, words in the reader's language, the station, clicks.
const $ = (id) => document.getElementById(id);
const word = (name) => document.body.dataset['word' + name];
const station = () => $('terminal');
const screen = () => $('screen');
const isAway = () => document.body.dataset.contact === 'no';
// A moment by the wall clock of the site, wherever this browser thinks it is.
const clockText = (time) => new Date(time).toLocaleTimeString(document.documentElement.lang, { hourCycle: 'h23', timeZone: document.body.dataset.zone });
const problemText = (body) => body ? [body.title, body.detail].filter(Boolean).join(': ') : word('NoAnswer');

// Each subject says which buttons are its own; the first that fits has the click.
const clicks = [];
const onClick = (selector, does) => clicks.push([selector, does]);
document.addEventListener('click', (event) => {
  const at = event.target.closest('button, a');
  if (!at) return;
  if (at.getAttribute('aria-disabled') === 'true') { event.preventDefault(); return; }
  const found = clicks.find(([selector]) => at.matches(selector));
  if (found) found[1](at);
});
