// Who is at the terminal. A session locks after ten idle minutes, by the server and by this page, over restarts too, and
// the job goes on. With contact that leads to the sign-in. Without contact nobody can be authenticated, so the page asks
// who is there, and each fact keeps the answer: the session's person by their word, or somebody it cannot name.
(() => {
  'use strict';
  const IDLE_MS = 600000, LOOK_MS = 1000, KEPT = 'lock';
  const page = document.body.dataset, terminal = document.getElementById('terminal'), dialog = document.getElementById('lock');
  const isFromCache = page.contact === 'no';  // The service worker says so.

  // `touched`: when somebody touched last. A clock that was put back or forth locks as well.
  const kept = () => {
    const found = JSON.parse(localStorage.getItem(KEPT) || 'null');
    return found?.session === page.session ? found : { holder: '', touched: 0 };
  };
  const keep = (holder) => localStorage.setItem(KEPT, JSON.stringify({ session: page.session, holder, touched: Date.now() }));
  const isLocked = () => Math.abs(Date.now() - kept().touched) > IDLE_MS;

  // `holder`: empty for the session's person, `word` or `nobody`. outbox.js reads it from the page.
  const hold = (holder) => {
    page.holder = holder;
    for (const one of document.querySelectorAll('[data-shown-to]')) one.hidden = !one.dataset.shownTo.split(' ').includes(holder || 'session');
  };
  const ask = () => {
    hold('nobody');  // Whatever is done before the answer is done by nobody we know.
    dialog.showModal();
  };
  const answer = (holder) => { hold(holder); keep(holder); dialog.close(); };
  const signIn = () => location.assign('/?station=' + encodeURIComponent(decodeURIComponent(terminal.dataset.base.slice(3))));

  const look = () => {
    if (page.contact === 'no') {
      if (isLocked() && !dialog.open) ask();
    } else if (outbox.isSending() || document.querySelector('.panel:not([hidden])')) {
      return;  // What is being sent or typed comes first.
    } else if (isLocked() || dialog.open || page.holder) signIn();
    else if (isFromCache) location.reload();
  };
  const touch = () => {
    if (dialog.open) return;
    if (isLocked()) look();
    else keep(page.holder || '');
  };
  if (terminal && dialog) {
    if (isFromCache) hold(kept().holder); else keep('');
    addEventListener('pointerdown', touch, true);
    addEventListener('keydown', (event) => {
      if (dialog.open) event.stopImmediatePropagation();  // No scan of nobody, and a scanner's Enter answers nothing.
      else touch();
    }, true);
    dialog.addEventListener('cancel', (event) => event.preventDefault());
    document.addEventListener('click', (event) => {
      const at = event.target.closest?.('[data-holder], [data-lock]');
      if (at) { if ('lock' in at.dataset) ask(); else answer(at.dataset.holder); }
    });
    setInterval(look, LOOK_MS);
  }

  // At the sign-in nobody is there. Without contact nobody can sign in, but a page that was kept goes on.
  if (document.getElementById('pin-form')) localStorage.removeItem(KEPT);
  const goOn = document.getElementById('go-on');
  if (goOn && window.caches) document.addEventListener('contact', async (event) => {
    goOn.hidden = event.detail || !(await caches.match(goOn.href));
  });
})();
