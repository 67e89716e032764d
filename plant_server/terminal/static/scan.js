// What the scanner read: a badge at the sign-in, else the label of a lot, judged by the plant.
const scanned = async (code) => {
  if (!code) return;
  if ($('sign-in')) { signIn({ badge: code }); return; }
  if (traceScanned(code) || seekScanned(code) || !$('panel-scan')) return;
  if (openPanel()?.id !== 'panel-scan') show('scan');
  const body = { code, station: station().dataset.path || undefined };
  const order = $('job')?.dataset.order;
  if (order) body.order = order;
  if (isSecondTap('scan' + code)) return;
  verdict('', '…', [code]);
  const told = await outbox.fact('/api/v1/scans', body);
  const words = $('verdict').dataset;
  if (told.state === 'queued') return verdict('', '?', [code, words.wordUnchecked]);
  if (told.state === 'refused') tell(false);
  if (told.state === 'refused') return verdict('bad', '✕', [code, problemText(told.body)]);
  tellScan(told.body, words);
};
const tellScan = async (told, words) => {
  const lot = told.lot ? `${words.wordLot} ${told.lot.lot} · ${told.lot.item}${told.lot.revision ? ' ' + told.lot.revision : ''} · ${told.lot.quantity} ${JSON.parse(words.units)[told.lot.unit] || told.lot.unit} ${words.wordLeft}` : told.item || told.code;
  const why = told.ok ? (told.waiver_id ? words.wordWaived : '') : await reasonWord(told.reason);
  const change = told.change ? `${words.wordChange} ${told.change}` : '';
  tell(told.ok);
  verdict(told.ok ? 'good' : 'bad', told.ok ? '✓' : '✕', [why || lot, change, why ? lot : '']);
  const form = $('waiver-form');
  if (form) { form.hidden = told.ok || !told.lot || !told.order; form.dataset.lot = told.lot?.lot_id || ''; }
};
const reasonWord = async (code) => document.querySelector(`#reason-words [value="${code}"]`)?.textContent || code;
const verdict = (kind, sign, lines) => {
  const box = $('verdict'), p = box.querySelector('p');
  box.className = 'verdict ' + kind;
  box.querySelector('.sign').textContent = sign;
  p.replaceChildren(...lines.filter(Boolean).map((line, i) => Object.assign(document.createElement(i ? 'span' : 'b'), { textContent: (i > 1 ? '· ' : '') + line + ' ' })));
  if ($('waiver-form')) $('waiver-form').hidden = true;
};
ownForms['scan-form'] = () => { scanned($('scan-code').value.trim()); $('scan-code').value = ''; };
document.addEventListener('scan', (event) => scanned(event.detail));
