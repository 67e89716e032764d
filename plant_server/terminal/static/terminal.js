// The terminal: panels over the running job, commands and facts out of forms, what the scanner read, and the age of all
// that is shown. htmx fetches the screen and its counts; their event names stand in this file alone.
(() => {
  'use strict';
  const $ = (id) => document.getElementById(id);
  const word = (name) => document.body.dataset['word' + name];
  const station = () => $('terminal');
  const screen = () => $('screen');
  // `heard`: when the server last said a word on the counts; it says one every ten seconds.
  let late = false, undoTimer = 0, dismissed = '', heard = Date.now();

  // Notices: a failure stays until somebody has read it.
  const notice = (text, bad, undo) => {
    const box = $('notice');
    box.classList.toggle('bad', !!bad);
    box.querySelector('.sign').textContent = bad ? '✕' : '✓';
    box.querySelector('p').textContent = text;
    box.hidden = false;
    clearInterval(undoTimer);
    $('notice-undo').hidden = !undo;
    tell(!bad);
    if (bad) return;
    let left = undo ? 30 : 4;
    const tick = () => {
      if (undo) $('notice-undo').querySelector('span').textContent = `${left} ${word('S')}`;
      if (left-- <= 0) { clearInterval(undoTimer); box.hidden = true; }
    };
    tick();
    undoTimer = setInterval(tick, 1000);
    $('notice-undo').onclick = undo && (() => { clearInterval(undoTimer); box.hidden = true; undo(); });
  };
  const problemText = (body) => body ? [body.title, body.detail].filter(Boolean).join(': ') : word('NoAnswer');

  // Panels. While one is open the screen under it is not exchanged, or a number would vanish under the finger.
  const openPanel = () => document.querySelector('.panel:not([hidden])');
  const show = (name) => {
    close(true);
    const panel = $('panel-' + name);
    if (!panel) return;
    panel.hidden = false;
    if (name === 'report') startReport();
    panel.querySelector('.primary, [data-close]')?.focus({ preventScroll: true });
  };
  const close = (staysLate) => {
    const panel = openPanel();
    if (panel) panel.hidden = true;
    if (panel?.dataset.stop) dismissed = panel.dataset.stop;
    if (late && !staysLate) refresh();
  };
  const refresh = () => { late = false; if (screen()) htmx.trigger(screen(), 'refresh'); };
  document.addEventListener('htmx:beforeRequest', (event) => {
    if (event.target === screen() && openPanel()) { late = true; event.preventDefault(); }
  });
  document.addEventListener('htmx:beforeSwap', (event) => {
    if (event.target === screen() && openPanel()) { late = true; event.detail.shouldSwap = false; }
    if (event.detail.xhr?.status === 401) location.reload();
  });
  document.addEventListener('htmx:configRequest', (event) => {
    event.detail.headers['X-Background'] = '1';
    event.detail.headers['Accept-Language'] = document.documentElement.lang;
  });
  document.addEventListener('htmx:sseOpen', () => outbox.contact(true));
  document.addEventListener('htmx:sseMessage', () => { heard = Date.now(); ages(); });
  document.addEventListener('htmx:sseError', () => outbox.contact(false));
  document.addEventListener('htmx:sendError', () => outbox.contact(false));
  document.addEventListener('htmx:afterSettle', () => shown());
  document.addEventListener('contact', (event) => {
    disable();
    if (event.detail) refresh();
  });

  const disable = () => {
    const away = document.body.dataset.contact === 'no';
    if ($('contact')) $('contact').hidden = !away;
    for (const one of document.querySelectorAll('[data-needs-server]')) {
      one.dataset.offlineWord = word('Offline');
      if (one.tagName === 'A') one.setAttribute('aria-disabled', away);
      else if (away) { if (!one.disabled) one.dataset.wasEnabled = '1'; one.disabled = true; }
      else if (one.dataset.wasEnabled) { one.disabled = false; delete one.dataset.wasEnabled; }
    }
  };

  // Ages and times.
  const spell = (ms) => {
    const s = Math.max(0, Math.round(ms / 1000));
    return s < 90 ? `${s} ${word('S')}` : s < 5400 ? `${Math.round(s / 60)} ${word('Min')}` : `${Math.round(s / 3600)} ${word('H')}`;
  };
  const times = () => {
    for (const one of document.querySelectorAll('time[datetime]')) {
      const at = new Date(one.dateTime), day = 'day' in one.dataset ? { month: '2-digit', day: '2-digit' } : {};
      one.textContent = at.toLocaleString(document.documentElement.lang, { ...day, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
    }
  };
  const ages = () => {
    const silence = Date.now() - heard, away = document.body.dataset.contact === 'no' || silence > 30000;
    for (const one of document.querySelectorAll('[data-age]')) {
      const since = one.querySelector('.since'), age = Math.max(Date.now() - Date.parse(one.dataset.age) || 0, away ? silence : 0);
      const old = age > 30000 || away;
      since.textContent = one.dataset.age || old ? (old ? word('Old') + ' · ' : '') + word('Ago').replace('{}', spell(age)) : '';
      one.classList.toggle('old', old);
      one.parentElement.classList.toggle('is-old', old);
    }
  };
  const shown = () => {
    times(); ages(); disable(); showSound();
    const stop = document.querySelector('[data-stop]');
    if (stop && stop.dataset.stop !== dismissed && document.body.dataset.person && stop.querySelector('.tile') && !openPanel()) show('stop');
  };
  setInterval(() => { ages(); if (!openPanel()) shown(); }, 1000);

  // Report: the machine's count is proposed; each touch of a reason is one bad part of it.
  let report;
  const startReport = () => {
    const since = Number(document.querySelector('#counts .numbers')?.dataset.since || 0);
    report = { since, good: String(since), untouched: true, bad: new Map(), target: 'good', fresh: true };
    drawReport();
  };
  const bad = () => [...report.bad.values()].reduce((sum, one) => sum + Number(one.text || 0), 0);
  const drawReport = () => {
    const form = $('report-form'), current = report.bad.get(report.target);
    if (report.untouched) report.good = String(Math.max(report.since - bad(), 0));
    const [good, reason] = form.querySelectorAll('.field');
    good.querySelector('b').textContent = report.good || '0';
    reason.querySelector('b').textContent = current ? current.text || '0' : '0';
    reason.querySelector('span').textContent = current ? current.name : reason.querySelector('span').dataset.empty;
    reason.disabled = !report.bad.size;
    good.setAttribute('aria-pressed', report.target === 'good');
    reason.setAttribute('aria-pressed', report.target !== 'good');
    for (const tile of form.querySelectorAll('[data-reason]')) {
      const one = report.bad.get(tile.dataset.kind + ':' + tile.dataset.reason);
      tile.querySelector('i').textContent = one && Number(one.text) ? one.text : '';
      tile.setAttribute('aria-pressed', report.target === tile.dataset.kind + ':' + tile.dataset.reason);
    }
    const send = $('report-send'), much = Number(report.good) > form.dataset.remaining * 1.2;
    send.textContent = (much ? send.dataset.wordMany : send.dataset.word).replace('{good}', report.good || '0').replace('{bad}', bad());
    send.disabled = !Number(report.good || 0) && !bad();
  };
  const touchReason = (tile) => {
    const id = tile.dataset.kind + ':' + tile.dataset.reason;
    const one = report.bad.get(id) || { kind: tile.dataset.kind, reason: tile.dataset.reason, name: tile.querySelector('b').textContent, text: '0' };
    one.text = String(Number(one.text || 0) + 1);
    report.bad.set(id, one);
    report.target = id;
    report.fresh = true;
    drawReport();
  };
  const typeReport = (key) => {
    if (report.target === 'good') { report.untouched = false; report.good = typed(report.good, key, report.fresh); }
    else { const one = report.bad.get(report.target); one.text = typed(one.text, key, report.fresh); }
    report.fresh = false;
    drawReport();
  };
  const reportBody = () => {
    const lines = (kind) => [...report.bad.values()].filter((one) => one.kind === kind && Number(one.text))
      .map((one) => ({ quantity: one.text, reason: one.reason }));
    const body = {};
    if (!report.untouched) body.good = report.good || '0';
    if (document.body.dataset.contact === 'no' || report.since === 0) body.good = report.good || '0';
    if (lines('scrap').length) body.scrap = lines('scrap');
    if (lines('rework').length) body.rework = lines('rework');
    return body;
  };

  // Forms.
  const bodyOf = (form, button) => {
    const body = form.dataset.body ? JSON.parse(form.dataset.body) : {};
    if ('report' in form.dataset) return reportBody();
    for (const input of form.querySelectorAll('input[name]')) if (input.value) body[input.name] = input.value;
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
      const undo = undoPath && (() => takeBack(undoPath, told));
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
    if (form.id === 'pin-form') return void signIn({ person_id: chosen, pin });
    if (form.id === 'scan-form') { scanned($('scan-code').value.trim()); $('scan-code').value = ''; return; }
    if (!form.dataset.command) return;
    const body = bodyOf(form, event.submitter);
    if (isSecondTap(form.dataset.command + JSON.stringify(body))) return;
    if ('fact' in form.dataset) sendFact(form, body);
    else sendCommand(form, body, event.submitter);
  });

  // Material.
  const scanned = async (code) => {
    if (!code) return;
    if ($('sign-in')) { signIn({ badge: code }); return; }
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
    p.replaceChildren(...lines.filter(Boolean).map((line, i) => Object.assign(document.createElement(i ? 'span' : 'b'), { textContent: line + ' ' })));
    if ($('waiver-form')) $('waiver-form').hidden = true;
  };
  document.addEventListener('scan', (event) => scanned(event.detail));

  // Sign-in: a badge, or a name and a PIN. A PIN is never kept, not even in the queue.
  let chosen = null, pin = '';
  const drawPin = () => {
    $('pin-dots').textContent = pin ? '●'.repeat(pin.length) : '––––––';
    const number = $('person-number');
    if (number) chosen = Number(number.value) || null;
    $('pin-send').disabled = !chosen || pin.length < 6;
  };
  const signIn = async (body) => {
    const answer = await fetch('/api/v1/sign-in', { method: 'POST', body: JSON.stringify(body), signal: AbortSignal.timeout(10000),
      headers: { 'Content-Type': 'application/json', 'Accept-Language': document.documentElement.lang } }).catch(() => null);
    pin = '';
    if ($('pin-form')) drawPin();
    if (answer?.ok) {
      const to = $('sign-in').dataset.station;
      location.assign(to ? '/t/' + encodeURIComponent(to) : '/');
    } else notice(answer ? problemText(await answer.json().catch(() => null)) : word('NoAnswer'), true);
  };

  document.addEventListener('click', async (event) => {
    const at = event.target.closest('button, a');
    if (!at) return;
    if (at.getAttribute('aria-disabled') === 'true') { event.preventDefault(); return; }
    if (at.dataset.show) show(at.dataset.show);
    else if ('close' in at.dataset) close();
    else if ('mute' in at.dataset) { localStorage.setItem('muted', isMuted() ? 'no' : 'yes'); showSound(); tell(true); }
    else if (at.dataset.mm) calibrate(Number(at.dataset.mm));
    else if (at.id === 'notice-close') $('notice').hidden = true;
    else if (at.dataset.personId) {
      chosen = Number(at.dataset.personId);
      for (const tile of document.querySelectorAll('[data-person-id]')) tile.setAttribute('aria-pressed', tile === at);
      $('pin-title').textContent = at.textContent.trim();
      drawPin();
      $('pin-form').scrollIntoView({ block: 'nearest' });
    } else if (at.dataset.key) {
      if (at.closest('#pin-form')) { pin = typed(pin, at.dataset.key, false, 12); drawPin(); }
      else if (report) typeReport(at.dataset.key);
    } else if (at.dataset.target) { report.target = at.dataset.target === 'good' ? 'good' : [...report.bad.keys()].at(-1); report.fresh = true; drawReport(); }
    else if (at.dataset.reason) touchReason(at);
    else if ('signOut' in at.dataset) { await outbox.command('/api/v1/sign-out', null); location.assign('/'); }
    else if (at.dataset.seen) outbox.seen(at.dataset.seen);
  });
  addEventListener('keydown', (event) => {
    if (event.target.matches('input')) return;
    if ($('pin-form') && (/^\d$/.test(event.key) || event.key === 'Backspace')) { pin = typed(pin, event.key === 'Backspace' ? '⌫' : event.key, false, 12); drawPin(); }
    if (openPanel()?.id === 'panel-report' && /^\d$/.test(event.key)) typeReport(event.key);
    if (event.key === 'Escape') close();
  });
  document.addEventListener('input', (event) => { if (event.target.id === 'person-number') drawPin(); });

  // The queue, where everybody sees it.
  document.addEventListener('outbox', ({ detail: { queue, review, oldest, alarm } }) => {
    const badge = $('queue-badge');
    if (!badge) return;
    badge.hidden = !queue.length && !review.length;
    badge.querySelector('b').textContent = queue.length + review.length;
    $('queue-alarm').hidden = !alarm && !review.length;
    $('queue-age').textContent = queue.length ? `${queue.length} · ${word('Ago').replace('{}', spell(oldest))}` : '0';
    const row = (item) => {
      const li = document.createElement('li'), p = document.createElement('p');
      const { good, scrap, reason, code } = item.body;
      const what = [good, ...(scrap || []).map((one) => `✕ ${one.quantity}`), reason, code].filter(Boolean).join(' · ') || '–';
      p.textContent = `${new Date(item.time).toLocaleTimeString(document.documentElement.lang, { hourCycle: 'h23' })} · ${what}`;
      if (item.problem) p.append(Object.assign(document.createElement('b'), { textContent: ' ' + problemText(item.problem) }));
      li.append(p);
      return li;
    };
    $('queue-items').replaceChildren(...queue.slice(0, 50).map(row));
    const list = $('review-items');
    list.replaceChildren(...review.map((item) => {
      const li = row(item);
      li.append(Object.assign(document.createElement('button'), { type: 'button', textContent: list.dataset.wordSeen }));
      li.lastChild.dataset.seen = item.key;
      return li;
    }));
  });

  const showSound = () => {
    for (const one of document.querySelectorAll('[data-mute]')) one.setAttribute('aria-pressed', !isMuted());
  };

  // Millimetres of this screen, if somebody held a bank card against it.
  const calibrate = (step) => {
    const now = parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--mm'));
    localStorage.setItem('mm', Math.min(Math.max(now + step, 2), 20).toFixed(2));
    useMillimetres();
  };
  const useMillimetres = () => {
    const mm = Number(localStorage.getItem('mm'));
    if (mm > 1) document.documentElement.style.setProperty('--mm', mm + 'px');
  };
  useMillimetres();

  shown();

  // What this page is made of stays here, so that it opens again without contact.
  if ('serviceWorker' in navigator) {
    navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready).then((worker) => {
      if (!station()) return;
      const files = [...document.querySelectorAll('script[src], link[href]')].map((one) => one.src || one.href);
      worker.active.postMessage({ files, page: location.origin + location.pathname });
    }).catch(() => { /* not served over https: the outbox works all the same */ });
  }
})();
