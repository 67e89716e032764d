// Panels over the screen. While one is open the screen under it is not exchanged, or a number would vanish under the
// finger; nor while a finger is down, or the touch would be nobody's: it came down on a button that is gone when it leaves.
// htmx fetches the screen and its counts; its event names stand in this file alone.
let late = false, isPressed = false, asked = 0, heard = Date.now();  // `heard`: when the server last said a word on the counts; it says one every ten seconds.
const dismissed = new Set();
const opensWith = {};  // What a panel does when it opens, by its name.
const openPanel = () => document.querySelector('.panel:not([hidden])');
const isBusy = () => isPressed || openPanel();
const show = (name) => {
  close(true);
  const panel = $('panel-' + name);
  if (!panel) return;
  panel.hidden = false;
  opensWith[name.split('-')[0]]?.(panel);
  panel.querySelector('.primary, [data-close]')?.focus({ preventScroll: true });
};
const close = (staysLate) => {
  const panel = openPanel();
  if (panel) panel.hidden = true;
  if (panel?.dataset.opens) dismissed.add(panel.dataset.opens);
  if (late && !staysLate) refresh();
};
// What must be seen opens by itself, once: a hand-over nobody has read, a stop nobody has explained.
const openByItself = () => {
  if (openPanel() || !document.body.dataset.person) return;
  const panel = [...document.querySelectorAll('[data-opens]')].find((one) => !dismissed.has(one.dataset.opens));
  if (panel) show(panel.id.slice('panel-'.length));
};
const refresh = () => { late = false; if (screen()) htmx.trigger(screen(), 'refresh'); };
// Each count says which screen is right (shape.py): one that could not be fetched is asked for again.
const catchUp = () => {
  const right = $('shape')?.dataset.shape;
  if (right && right !== $('job').dataset.shape && !openPanel() && !isAway() && Date.now() - asked > 3000) refresh();
};
onClick('[data-show]', (at) => show(at.dataset.show));
onClick('[data-close]', () => close());
const released = () => { isPressed = false; if (late && !openPanel()) refresh(); };
addEventListener('pointerdown', () => { isPressed = true; }, true);
for (const end of ['pointerup', 'pointercancel']) addEventListener(end, () => setTimeout(released), true);  // After its click.

document.addEventListener('htmx:beforeRequest', (event) => {
  if (event.target !== screen()) return;
  if (isBusy()) { late = true; event.preventDefault(); } else asked = Date.now();
});
document.addEventListener('htmx:beforeSwap', (event) => {
  if (event.target === screen() && isBusy()) { late = true; event.detail.shouldSwap = false; }
  if (event.detail.xhr?.status === 401) location.reload();
});
document.addEventListener('htmx:configRequest', (event) => {
  event.detail.headers['X-Background'] = '1';
  event.detail.headers['Accept-Language'] = document.documentElement.lang;
});
document.addEventListener('htmx:afterRequest', (event) => {
  if (event.detail.successful) { heard = Date.now(); outbox.contact(true); }
});
document.addEventListener('htmx:sseOpen', () => outbox.contact(true));
document.addEventListener('htmx:sseMessage', () => { heard = Date.now(); ages(); });
document.addEventListener('htmx:sseError', () => outbox.contact(false));
document.addEventListener('htmx:sendError', () => outbox.contact(false));
document.addEventListener('htmx:afterSettle', () => shown());
