// Keeps the figures on the page current. `data-base` is where the application is mounted.
const base = document.documentElement.dataset.base;
const count = document.querySelector('#live-count');
const light = document.querySelector('#live');

async function refreshStats() {
  const answer = await fetch(`${base}/api/stats`);
  if (!answer.ok) return;
  const { tables } = await answer.json();
  for (const element of document.querySelectorAll('[data-stat]')) {
    element.textContent = tables[element.dataset.stat].toLocaleString('en-GB');
  }
}

function listen(retryMs = 500) {
  const url = new URL(`${base}/live`, location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  const socket = new WebSocket(url);
  socket.onopen = () => {
    retryMs = 500;
    socket.send('hello');
  };
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.error) show('stale', 'backend away');
    if (message.customers === undefined) return;
    count.textContent = message.customers.toLocaleString('en-GB');
    show('on', 'live');
  };
  socket.onclose = () => {
    show('stale', 'reconnecting');
    setTimeout(listen, retryMs, Math.min(retryMs * 2, 10_000));
  };
}

function show(state, text) {
  light.className = `live ${state}`;
  light.textContent = text;
}

if (count) {
  refreshStats();
  listen();
}
