// The server locks a session after ten idle minutes; so does the page, and the job goes on.
(() => {
  'use strict';
  const IDLE_MS = 600000, LOOK_MS = 5000;
  let touched = Date.now();
  const signInPage = (terminal) => '/?station=' + encodeURIComponent(decodeURIComponent(terminal.dataset.base.slice(3)));

  for (const kind of ['pointerdown', 'keydown']) addEventListener(kind, () => { touched = Date.now(); }, true);
  setInterval(() => {
    const terminal = document.getElementById('terminal'), { person, contact } = document.body.dataset;
    if (terminal && person && contact === 'yes' && Date.now() - touched > IDLE_MS) location.assign(signInPage(terminal));
  }, LOOK_MS);
})();
