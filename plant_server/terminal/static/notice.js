// What became of a command or a fact. What was done goes away by itself; a failure stays until somebody has read it.
let undoTimer = 0;
const notice = (text, bad, undo) => {
  const box = $('notice');
  box.classList.toggle('bad', !!bad);
  box.querySelector('.sign').textContent = bad ? '✕' : '✓';
  box.querySelector('p').textContent = text;
  box.hidden = false;
  clearInterval(undoTimer);
  $('notice-undo').hidden = !undo;
  tell(!bad);
  if (bad) return;
  let left = undo ? 30 : 4;
  const tick = () => {
    if (undo) $('notice-undo').querySelector('span').textContent = `${left} ${word('S')}`;
    if (left-- <= 0) { clearInterval(undoTimer); box.hidden = true; }
  };
  tick();
  undoTimer = setInterval(tick, 1000);
  $('notice-undo').onclick = undo && (() => { clearInterval(undoTimer); box.hidden = true; undo(); });
};
onClick('#notice-close', () => { $('notice').hidden = true; });
