// The dispatch list, searched by number, item or name, typed or scanned. What is sought is kept when the screen is exchanged.
const sought = {};  // By list.
const seek = (list) => {
  const text = (sought[list.dataset.orders] || '').trim().toLowerCase();
  let found = 0;
  for (const one of list.querySelectorAll('[data-order-words]')) {
    one.hidden = !one.dataset.orderWords.toLowerCase().includes(text);
    if (!one.hidden) found += 1;
  }
  list.querySelector('.none').hidden = found > 0;
  list.querySelector('.none b').textContent = text;
  list.querySelector('[data-all]').hidden = !text;
};
const seekAll = () => {
  for (const list of document.querySelectorAll('[data-orders]')) {
    const input = list.querySelector('input'), text = sought[list.dataset.orders] || '';
    if (input.value !== text) input.value = text;  // Else the cursor would jump under the hand.
    seek(list);
  }
};
const seekFor = (list, text) => {
  sought[list.dataset.orders] = text;
  list.querySelector('input').value = text;
  seek(list);
};
// Whether the code names an order of this station, or was read into the search: then it is shown, and no lot is judged.
const seekScanned = (code) => {
  const list = document.querySelector('[data-orders]');
  if (!list) return false;
  const isOrder = [...list.querySelectorAll('[data-order-number]')].some((one) => one.dataset.orderNumber === code);
  if (!isOrder && document.activeElement !== list.querySelector('input')) return false;
  const panel = list.closest('.panel');
  if (panel) show(panel.id.slice('panel-'.length)); else close();
  seekFor(list, code);
  tell(isOrder);
  return true;
};
document.addEventListener('input', (event) => {
  const list = event.target.closest('[data-orders]');
  if (list) seekFor(list, event.target.value);
});
onClick('[data-all]', (at) => seekFor(at.closest('[data-orders]'), ''));
