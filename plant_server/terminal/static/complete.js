// Before an order is completed one reads what was made of what was planned: as the counts stand now, also while one reads.
opensWith.complete = () => {
  const told = $('completing');
  if (told) $('complete-numbers').replaceChildren(told.content.cloneNode(true));
};
document.addEventListener('htmx:sseMessage', () => { if (openPanel()?.id === 'panel-complete') opensWith.complete(); });
