// How old what is shown is: told beside it, and grey as soon as it is old or nobody says a word any more.
const OLD_MS = 30000;  // Unless `data-old-s` says otherwise.
const spell = (ms) => {
  const s = Math.max(0, Math.round(ms / 1000));
  return s < 90 ? `${s} ${word('S')}` : s < 5400 ? `${Math.round(s / 60)} ${word('Min')}` : `${Math.round(s / 3600)} ${word('H')}`;
};
const ages = () => {
  const silence = Date.now() - heard, away = isAway() || silence > OLD_MS;
  for (const one of document.querySelectorAll('[data-age]')) {
    const since = one.querySelector('.since'), age = Math.max(Date.now() - Date.parse(one.dataset.age) || 0, away ? silence : 0);
    const old = age > (one.dataset.oldS * 1000 || OLD_MS) || away;
    since.textContent = one.dataset.age || old ? (old ? word('Old') + ' · ' : '') + word('Ago').replace('{}', spell(age)) : '';
    one.classList.toggle('old', old);
    one.parentElement.classList.toggle('is-old', old);
  }
};
