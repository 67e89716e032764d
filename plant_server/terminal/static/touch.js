// Fingers in gloves and scanners: the pads of the page, and the buffer of a scanner that types like a keyboard.
(() => {
  'use strict';
  // Two taps of a bouncing finger are one: the second within 600 ms is ignored.
  let tapped = '', tappedTime = -Infinity;
  window.isSecondTap = (what) => {
    const now = performance.now(), is = what === tapped && now - tappedTime < 600;
    tapped = what; tappedTime = now;
    return is;
  };

  // What a pad's key makes of a number that stands as text. The first digit replaces what was proposed.
  window.typed = (text, key, fresh, most = 9) => {
    if (key === 'C') return '';
    if (key === '⌫') return text.slice(0, -1);
    const next = fresh ? key : text + key;
    return next.length > most ? text : next;
  };

  // Characters follow one another within 50 ms and end with Enter. Where an input method has eaten the key, event.code
  // still says which one it was on a US keyboard.
  let buffer = '', last = 0, lastCode = '', lastTime = -Infinity;
  const character = (event) => {
    if (/^[ -~]$/.test(event.key)) return event.key;
    if (event.code?.startsWith('Digit') && !event.shiftKey) return event.code.slice(5);
    if (event.code?.startsWith('Key')) return event.shiftKey ? event.code.slice(3) : event.code.slice(3).toLowerCase();
    return '';
  };
  addEventListener('keydown', (event) => {
    const now = performance.now();
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.code === 'F9' || event.key === '~') { buffer = ''; last = now; event.preventDefault(); return; }
    if (event.key === 'Enter') {
      const code = buffer;
      buffer = '';
      if (code.length < 4 || now - last > 100) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (event.target.matches?.('input')) event.target.value = event.target.value.replace(code, '');
      if (code === lastCode && now - lastTime < 2000) return;
      lastCode = code; lastTime = now;
      document.dispatchEvent(new CustomEvent('scan', { detail: code }));
      return;
    }
    const one = character(event);
    if (!one) return;
    buffer = now - last <= 50 ? buffer + one : one;
    last = now;
  }, true);
})();
