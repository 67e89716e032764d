// Sign-in: a badge, or a name and a PIN. A PIN is never kept, not even in the queue.
let chosen = null, pin = '';
const drawPin = () => {
  $('pin-dots').textContent = pin ? '●'.repeat(pin.length) : '––––––';
  const number = $('person-number');
  if (number) chosen = Number(number.value) || null;
  $('pin-send').disabled = !chosen || pin.length < 6;
};
const typePin = (key) => { pin = typed(pin, key, false, 12); drawPin(); };
const signIn = async (body) => {
  const answer = await fetch('/api/v1/sign-in', { method: 'POST', body: JSON.stringify(body), signal: AbortSignal.timeout(10000),
    headers: { 'Content-Type': 'application/json', 'Accept-Language': document.documentElement.lang } }).catch(() => null);
  pin = '';
  if ($('pin-form')) drawPin();
  if (answer?.ok) {
    const { station, then } = $('sign-in').dataset;
    location.assign(station ? '/t/' + encodeURIComponent(station) : '/' + then);
  } else notice(answer ? problemText(await answer.json().catch(() => null)) : word('NoAnswer'), true);
};
ownForms['pin-form'] = () => signIn({ person_id: chosen, pin });
onClick('[data-person-id]', (at) => {
  chosen = Number(at.dataset.personId);
  for (const tile of document.querySelectorAll('[data-person-id]')) tile.setAttribute('aria-pressed', tile === at);
  $('pin-title').textContent = at.textContent.trim();
  drawPin();
  $('pin-form').scrollIntoView({ block: 'nearest' });
});
onClick('#pin-form [data-key]', (at) => typePin(at.dataset.key));
onClick('[data-sign-out]', async () => { await outbox.command('/api/v1/sign-out', null); location.assign('/'); });
addEventListener('keydown', (event) => {
  if (event.target.matches('input') || !$('pin-form')) return;
  if (/^\d$/.test(event.key)) typePin(event.key);
  if (event.key === 'Backspace') typePin('⌫');
});
document.addEventListener('input', (event) => { if (event.target.id === 'person-number') drawPin(); });
