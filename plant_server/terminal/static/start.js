// The page begins: what is shown is made right now, and again whenever it is exchanged and each second.
const shown = () => { ages(); showCalls(); sayCalls(); disable(); showSound(); seekAll(); catchUp(); openByItself(); };
addEventListener('keydown', (event) => { if (event.key === 'Escape' && !event.target.matches('input')) close(); });
setInterval(() => { ages(); showCalls(); if (!openPanel()) shown(); }, 1000);
shown();

// What this page is made of stays here, so that it opens again without contact.
if ('serviceWorker' in navigator) {
  navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready).then((worker) => {
    if (!station()) return;
    const files = [...document.querySelectorAll('script[src], link[href]')].map((one) => one.src || one.href);
    worker.active.postMessage({ files, page: location.origin + location.pathname });
  }).catch(() => { /* not served over https: the outbox works all the same */ });
}
