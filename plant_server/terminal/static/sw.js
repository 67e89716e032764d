// Pages that were open stay open without contact: the shell, the running job and its lists of reasons. Files carry their
// digest in the address and never change; pages come from the server if it answers in time, else as they were last seen.
const CACHE = 'lineside-1', WAIT_MS = 4000;

addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('message', (event) => event.waitUntil(keep(event.data)));
addEventListener('fetch', (event) => {
  const request = event.request, url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin) return;
  if (url.pathname.startsWith('/terminal/')) event.respondWith(file(request));
  else if (/^\/t\/[^/]+(\/screen)?$/.test(url.pathname) && !url.search) event.respondWith(page(request));
});

async function keep({ files, page }) {
  const cache = await caches.open(CACHE);
  for (const old of await cache.keys()) {
    if (new URL(old.url).pathname.startsWith('/terminal/') && !files.includes(old.url)) await cache.delete(old);
  }
  for (const url of files) if (!(await cache.match(url))) await cache.add(url);
  await cache.add(page);
}
async function file(request) {
  const cache = await caches.open(CACHE);
  const known = await cache.match(request);
  if (known) return known;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}
async function page(request) {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(WAIT_MS) });
    if (answer.ok && !answer.redirected) await cache.put(request.url, answer.clone());
    return answer.status < 502 ? answer : (await asKept(cache, request.url)) ?? answer;
  } catch (error) {
    const known = await asKept(cache, request.url);
    if (known) return known;
    throw error;
  }
}
// The page as it was last seen, which says that it is that: whoever had signed in then need not be here now.
async function asKept(cache, address) {
  const known = await cache.match(address);
  if (!known) return undefined;
  const headers = new Headers(known.headers);
  for (const name of ['Content-Encoding', 'Content-Length']) headers.delete(name);
  return new Response((await known.text()).replace('data-contact="yes"', 'data-contact="no"'), { headers });
}
