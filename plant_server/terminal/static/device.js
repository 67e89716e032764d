// What is set for this device alone: whether it sounds, and how big a millimetre of its screen is.
const showSound = () => {
  for (const one of document.querySelectorAll('[data-mute]')) one.setAttribute('aria-pressed', !isMuted());
};
onClick('[data-mute]', () => { localStorage.setItem('muted', isMuted() ? 'no' : 'yes'); showSound(); tell(true); });

// Millimetres, if somebody held a bank card against the screen.
const useMillimetres = () => {
  const mm = Number(localStorage.getItem('mm'));
  if (mm > 1) document.documentElement.style.setProperty('--mm', mm + 'px');
};
onClick('[data-mm]', (at) => {
  const now = parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--mm'));
  localStorage.setItem('mm', Math.min(Math.max(now + Number(at.dataset.mm), 2), 20).toFixed(2));
  useMillimetres();
});
useMillimetres();
