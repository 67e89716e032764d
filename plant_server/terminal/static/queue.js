// The queue of facts that wait to be sent, and those that were refused, where everybody sees them.
document.addEventListener('outbox', ({ detail: { queue, review, oldest, alarm } }) => {
  const badge = $('queue-badge');
  if (!badge) return;
  badge.hidden = !queue.length && !review.length;
  badge.querySelector('b').textContent = queue.length + review.length;
  $('queue-alarm').hidden = !alarm && !review.length;
  $('queue-age').textContent = queue.length ? `${queue.length} · ${word('Ago').replace('{}', spell(oldest))}` : '0';
  $('queue-items').replaceChildren(...queue.slice(0, 50).map(queueRow));
  const list = $('review-items');
  list.replaceChildren(...review.map((item) => {
    const li = queueRow(item);
    li.append(Object.assign(document.createElement('button'), { type: 'button', textContent: list.dataset.wordSeen }));
    li.lastChild.dataset.seen = item.key;
    return li;
  }));
});
const queueRow = (item) => {
  const li = document.createElement('li'), p = document.createElement('p');
  const { good, scrap, reason, code, type } = item.body;
  const call = type && ($('panel-andon')?.querySelector(`[value="${type}"]`)?.textContent.trim() || type);
  const what = [good, ...(scrap || []).map((one) => `✕ ${one.quantity}`), reason, code, call].filter(Boolean).join(' · ') || '–';
  p.textContent = `${clockText(item.time)} · ${what}`;
  if (item.problem) p.append(Object.assign(document.createElement('b'), { textContent: ' ' + problemText(item.problem) }));
  li.append(p);
  return li;
};
onClick('[data-seen]', (at) => outbox.seen(at.dataset.seen));
