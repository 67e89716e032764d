// Facts on their way to the server: kept in IndexedDB before they are sent, so that none is lost when the Wi-Fi, the page
// or the power goes. Each has one key for ever, so that the server does it once however often it is sent. No answer, 401,
// 403, 429 and 5xx keep an item; another refusal moves it to the review list, where a person has to look at it, and so
// does what no waiting makes right: a person whose role may not do it, and nobody at all.
(() => {
  'use strict';
  const CLAIM_MS = 10000, TIMEOUT_MS = 8000, PAUSE_MS = 1000, PAUSE_MOST_MS = 15000, MOST = 500, OLDEST_MS = 86400000;
  let pause = PAUSE_MS, notBefore = 0, draining = false, sending = 0;
  // Pauses are by a clock that nobody sets: the other may be put back by hours.
  const isPaused = () => performance.now() < notBefore;

  // UUIDv7 by hand: crypto.randomUUID does not exist on a page that came over plain http.
  const newKey = () => {
    const b = crypto.getRandomValues(new Uint8Array(16));
    let ms = Date.now();
    for (let i = 5; i >= 0; i--) { b[i] = ms % 256; ms = Math.floor(ms / 256); }
    b[6] = 0x70 | (b[6] & 15); b[8] = 0x80 | (b[8] & 63);
    return [...b].map((x) => x.toString(16).padStart(2, '0')).join('').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  };

  const opened = new Promise((resolve, reject) => {
    const wish = indexedDB.open('lineside', 1);
    wish.onupgradeneeded = () => ['queue', 'review'].forEach((name) => wish.result.createObjectStore(name, { keyPath: 'key' }));
    wish.onsuccess = () => resolve(wish.result);
    wish.onerror = () => reject(wish.error);
  });
  const inStores = async (names, mode, work) => {
    const db = await opened;
    return new Promise((resolve, reject) => {
      const t = db.transaction(names, mode, mode === 'readwrite' ? { durability: 'strict' } : {});
      let result;
      work(...names.map((name) => t.objectStore(name)), (value) => { result = value; });
      t.oncomplete = () => resolve(result);
      t.onabort = t.onerror = () => reject(t.error);
    });
  };
  const all = (name) => inStores([name], 'readonly', (store, done) => {
    store.getAll().onsuccess = (event) => done(event.target.result);
  });

  // The claim lies in the database, so of several tabs one sends an item. A tab that died gives it back after a while.
  const claim = () => inStores(['queue'], 'readwrite', (store, done) => {
    const mine = (item) => {
      const left = item.until - Date.now();  // More than it ever was: the clock was put back since.
      if ((left > 0 && left <= CLAIM_MS) || !mayISend(item)) return false;
      store.put({ ...item, until: Date.now() + CLAIM_MS, tries: item.tries + 1 });
      done(item);
      return true;
    };
    store.openCursor().onsuccess = (event) => {
      const cursor = event.target.result;
      if (cursor && !mine(cursor.value)) cursor.continue();
    };
  });
  // An enrolled terminal vouches for whoever did it then; another browser sends only what the person here did.
  const mayISend = (item) => !!document.body.dataset.terminal || item.person === document.body.dataset.person;
  const release = (key) => inStores(['queue'], 'readwrite', (store) => {
    store.get(key).onsuccess = (event) => { if (event.target.result) store.put({ ...event.target.result, until: 0 }); };
  });
  const remove = (key) => inStores(['queue'], 'readwrite', (store) => store.delete(key));
  const toReview = (item, problem) => inStores(['queue', 'review'], 'readwrite', (queue, review) => {
    queue.delete(item.key);
    review.put({ ...item, problem });
  });

  const post = async (item) => {
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': item.key, 'X-Client-Time': item.time,
      'X-Client-Sent': new Date().toISOString(), 'Accept-Language': document.documentElement.lang };
    if (item.session && item.fact) headers['X-Operator-Session'] = item.session;
    if (item.byWord) headers['X-Operator-Confirmed'] = 'yes';
    if (item.tries) headers['X-Background'] = '1';
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
    try {
      const answer = await fetch(item.path, { method: 'POST', headers, body: JSON.stringify(item.body), signal: stop.signal });
      const text = await answer.text();
      let body = null;
      try { body = text ? JSON.parse(text) : null; } catch { /* a proxy answered, not the server */ }
      return { status: answer.status, body, after: Number(answer.headers.get('Retry-After')) || 0 };
    } catch {
      return { status: 0, body: null, after: 0 };
    } finally {
      clearTimeout(timer);
    }
  };
  const keeps = ({ status, body }, item) => status === 0 || status >= 500 || [408, 425, 429].includes(status)
    || (status === 401 && !!item.session) || (status === 403 && body?.code !== 'role-missing') || (status >= 400 && !body?.code);

  const sendOne = async (item) => {
    const answer = await post(item);
    contact(answer.status !== 0 && answer.status < 502);
    if (answer.status >= 200 && answer.status < 300) await remove(item.key);
    else if (keeps(answer, item)) await release(item.key);
    else await toReview(item, answer.body);
    const told = answer.status >= 200 && answer.status < 300 ? 'sent' : keeps(answer, item) ? 'queued' : 'refused';
    await show();
    return { key: item.key, state: told, body: answer.body, after: answer.after };
  };
  const drain = async () => {
    if (draining || isPaused()) return;
    draining = true;
    try {
      for (let item = await claim(); item; item = await claim()) {
        const { state, after } = await sendOne(item);
        if (state === 'queued') {
          notBefore = performance.now() + Math.max(after * 1000, pause);
          pause = Math.min(pause * 2, PAUSE_MOST_MS);
          return;
        }
        pause = PAUSE_MS;
      }
    } finally {
      draining = false;
    }
  };

  // Contact that comes back ends every pause: what waits goes at once.
  const contact = (is) => {
    const before = document.body.dataset.contact;
    document.body.dataset.contact = is ? 'yes' : 'no';
    if (before === document.body.dataset.contact) return;
    if (is) drainNow();
    document.dispatchEvent(new CustomEvent('contact', { detail: is }));
  };
  const drainNow = () => { notBefore = 0; pause = PAUSE_MS; drain(); };
  const show = async () => {
    const [queue, review] = await Promise.all([all('queue'), all('review')]);
    const oldest = queue.length ? Date.now() - Math.min(...queue.map((item) => Date.parse(item.time))) : 0;
    const detail = { queue, review, oldest, alarm: queue.length >= MOST || oldest >= OLDEST_MS };
    document.dispatchEvent(new CustomEvent('outbox', { detail }));
  };

  // Whose fact it is, as lock.js has it. Without contact a terminal vouches for somebody it cannot name, another browser
  // for nobody.
  const whose = () => {
    const { person, session, terminal, contact, holder } = document.body.dataset;
    const isNobody = holder === 'nobody' || (!session && contact === 'no');
    if (!isNobody) return { person, session, byWord: holder === 'word' };
    return terminal ? { person: '', session: 'unknown', byWord: false } : null;
  };

  // A fact is kept first and sent then; a command needs the server now, and its key is kept until an answer comes.
  const kept = new Map();
  const counted = (work) => async (...given) => {
    sending++;
    try { return await work(...given); } finally { sending--; }
  };
  window.outbox = {
    fact: counted(async (path, body) => {
      const now = !isPaused(), who = whose();
      if (!who) return { state: 'refused', body: null };
      const item = { key: newKey(), path, body, time: new Date().toISOString(), ...who, fact: true,
        tries: now ? 1 : 0, until: now ? Date.now() + CLAIM_MS : 0 };
      await inStores(['queue'], 'readwrite', (store) => store.add(item));
      await show();
      return now ? sendOne({ ...item, tries: 0 }) : { key: item.key, state: 'queued', body: null };
    }),
    command: counted(async (path, body) => {
      const same = path + JSON.stringify(body);
      const item = kept.get(same) || { key: newKey(), path, body, time: new Date().toISOString(), tries: 0 };
      kept.set(same, item);
      const answer = await post(item);
      contact(answer.status !== 0 && answer.status < 502);
      if (answer.status && answer.status < 500 && answer.status !== 429) kept.delete(same);
      return answer;
    }),
    // Take back what nobody has sent yet. False: it may be at the server.
    takeBack: (key) => inStores(['queue'], 'readwrite', (store, done) => {
      done(false);
      store.get(key).onsuccess = (event) => {
        const item = event.target.result;
        if (item && item.tries === 0) { store.delete(key); done(true); }
      };
    }).then(async (is) => { await show(); return is; }),
    seen: (key) => inStores(['review'], 'readwrite', (store) => store.delete(key)).then(show),
    contact,
    newKey,
    isSending: () => draining || sending > 0,
  };

  addEventListener('online', drainNow);
  addEventListener('offline', () => contact(false));
  setInterval(drain, 1000);
  show().then(drain);
})();
