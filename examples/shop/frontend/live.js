import { WebSocket, WebSocketServer } from 'ws';
import { fetchBackend } from './backend.js';

const EVERY_MS = 2000;

/**
 * /live: sends `{"customers": n}` at once and then every two seconds, and every message back as
 * `{"echo": text}`. The backend is asked only while somebody listens. Returns what ends it.
 */
export function attachLive(server) {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024 });
  server.on('upgrade', (request, socket, head) => {
    if (new URL(request.url, 'http://shop').pathname !== '/live') {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      client.on('error', () => client.terminate());
      client.on('message', (data) => client.send(JSON.stringify({ echo: data.toString() })));
      push([client]);
    });
  });

  const timer = setInterval(() => {
    if (sockets.clients.size > 0) push([...sockets.clients]);
  }, EVERY_MS);

  return () => {
    clearInterval(timer);
    for (const client of sockets.clients) client.close(1001, 'the server stops');
  };
}

async function push(clients) {
  const message = JSON.stringify(await countCustomers());
  for (const client of clients) if (client.readyState === WebSocket.OPEN) client.send(message);
}

async function countCustomers() {
  try {
    const answer = await fetchBackend('/customers?limit=0');
    return answer.ok ? { customers: (await answer.json()).total } : { error: `the backend answered ${answer.status}` };
  } catch (error) {
    return { error: `the backend did not answer: ${error.message}` };
  }
}
