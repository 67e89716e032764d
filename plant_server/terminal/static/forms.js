// Forms that send: a fact is kept until it was sent, and may be taken back; a command needs the server now.
const ownForms = {};  // What a form of this id does instead.
const bodyOf = (form, button) => {
  const body = form.dataset.body ? JSON.parse(form.dataset.body) : {};
  if ('report' in form.dataset) return reportBody();
  for (const input of form.querySelectorAll('input[name], textarea[name]')) if (input.value) body[input.name] = input.value;
  if (button?.name) body[button.name] = button.value;
  if (form.dataset.expiresH) body.expiry_time = new Date(Date.now() + form.dataset.expiresH * 3600000).toISOString();
  if (form.id === 'waiver-form') { body.order = form.dataset.order; body.lot_id = Number(form.dataset.lot); }
  return Object.keys(body).length ? body : null;
};
const sendFact = async (form, body) => {
  const undoPath = form.dataset.undo;
  close(true);
  const told = await outbox.fact(form.dataset.command, body);
  if (told.state === 'refused') notice(`${word('Refused')}: ${problemText(told.body)}`, true);
  else {
    const undo = undoPath && !told.body?.joined && (() => takeBack(undoPath, told));
    if (told.state === 'sent' && form.dataset.then) { location.assign(form.dataset.then); return; }
    notice(told.state === 'sent' ? word('Sent') : word('Queued'), false, undo);
  }
  refresh();
};
const takeBack = async (path, told) => {
  if (told.state === 'queued' && await outbox.takeBack(told.key)) { notice(word('Undone')); return; }
  const answer = await outbox.command(path.replace('{key}', told.key), null);
  const good = answer.status >= 200 && answer.status < 300;
  notice(good ? word('Undone') : problemText(answer.body), !good);
  refresh();
};
const sendCommand = async (form, body, button) => {
  if (button) button.disabled = true;
  const answer = await outbox.command(form.dataset.command, body);
  if (button) button.disabled = false;
  if (answer.status >= 200 && answer.status < 300) {
    if (form.dataset.then) { location.assign(form.dataset.then); return; }
    close(true);
    notice(word('Sent'));
    refresh();
  } else if (answer.status === 401 && station()) location.assign(signInPage());
  else notice(problemText(answer.body), true);
};
const signInPage = () => '/?station=' + encodeURIComponent(decodeURIComponent(station().dataset.base.slice(3)));
document.addEventListener('submit', (event) => {
  const form = event.target;
  event.preventDefault();
  if (ownForms[form.id]) return void ownForms[form.id](form, event.submitter);
  if (!form.dataset.command) return;
  const body = bodyOf(form, event.submitter);
  if (isSecondTap(form.dataset.command + JSON.stringify(body))) return;
  if ('fact' in form.dataset) sendFact(form, body);
  else sendCommand(form, body, event.submitter);
});
