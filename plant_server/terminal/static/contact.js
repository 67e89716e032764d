// Without contact: what needs the server is disabled, and says so.
const disable = () => {
  const away = isAway();
  if ($('contact')) $('contact').hidden = !away;
  for (const one of document.querySelectorAll('[data-needs-server]')) {
    one.dataset.offlineWord = word('Offline');
    if (one.tagName === 'A') one.setAttribute('aria-disabled', away);
    else if (away) { if (!one.disabled) one.dataset.wasEnabled = '1'; one.disabled = true; }
    else if (one.dataset.wasEnabled) { one.disabled = false; delete one.dataset.wasEnabled; }
  }
};
document.addEventListener('contact', (event) => {
  disable();
  if (event.detail) refresh();
});
