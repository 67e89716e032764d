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

  // A hand that bounces hits twice; what lies under the screen that the first tap took away must not be done by the second.
  let tap = { x: -99, y: -99, time: -Infinity, target: null };
  addEventListener('click', (event) => {
    const target = event.target.closest?.('button, a'), before = tap;
    if (!event.detail) return;  // By the keyboard.
    tap = { x: event.clientX, y: event.clientY, time: performance.now(), target };
    const isNear = Math.hypot(tap.x - before.x, tap.y - before.y) < 40 && tap.time - before.time < 600;
    if (isNear && target !== before.target && target?.form && target.type === 'submit') { event.preventDefault(); event.stopImmediatePropagation(); }
  }, true);

  // Told to the ear and the hand: two notes up for done, one low and long for not. Each terminal may be muted.
  let sounds;
  window.isMuted = () => localStorage.getItem('muted') === 'yes';
  const note = (hertz, from, seconds) => {
    const wave = sounds.createOscillator(), volume = sounds.createGain(), at = sounds.currentTime + from;
    wave.frequency.value = hertz;
    wave.type = hertz < 400 ? 'square' : 'sine';
    volume.gain.setValueAtTime(0.25, at);
    volume.gain.exponentialRampToValueAtTime(0.001, at + seconds);
    wave.connect(volume).connect(sounds.destination);
    wave.start(at);
    wave.stop(at + seconds);
  };
  window.tell = (good) => {
    navigator.vibrate?.(good ? 60 : [200, 100, 200]);
    if (isMuted() || !navigator.userActivation?.hasBeenActive) return;  // Browsers let no page sound before it was touched.
    sounds ||= new AudioContext();
    if (good) { note(880, 0, 0.09); note(1320, 0.1, 0.12); } else note(180, 0, 0.5);
  };

  // What a pad's key makes of a number that stands as text. The first digit replaces what was proposed.
  window.typed = (text, key, fresh, most = 9) => {
    if (key === 'C') return '';
    if (key === '⌫') return text.slice(0, -1);
    const next = fresh ? key : text + key;
    return next.length > most ? text : next;
  };

  // Characters follow one another within 50 ms and end with Enter; after a prefix that the scanner was programmed to send
  // (F9 or ~) within 2 s, so that a slow machine loses none. What counts is when a key was hit, not when a busy page comes to
  // hear of it. Where an input method has eaten the key, event.code still says which one it was on a US keyboard.
  let buffer = '', last = 0, isPrefixed = false, lastCode = '', lastTime = -Infinity;
  const character = (event) => {
    if (/^[ -~]$/.test(event.key)) return event.key;
    if (event.code?.startsWith('Digit') && !event.shiftKey) return event.code.slice(5);
    if (event.code?.startsWith('Key')) return event.shiftKey ? event.code.slice(3) : event.code.slice(3).toLowerCase();
    return '';
  };
  addEventListener('keydown', (event) => {
    const now = event.timeStamp;
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.code === 'F9' || event.key === '~') { buffer = ''; last = now; isPrefixed = true; event.preventDefault(); return; }
    isPrefixed &&= now - last <= 2000;
    if (event.key === 'Enter') {
      const code = buffer, pause = isPrefixed ? 2000 : 100;
      buffer = '';
      isPrefixed = false;
      if (code.length < 4 || now - last > pause) return;
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
    buffer = isPrefixed || now - last <= 50 ? buffer + one : one;
    last = now;
  }, true);
})();
