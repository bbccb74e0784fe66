const base = process.env.BACKEND_URL ?? 'http://localhost:4000';

/** Asks the backend, over the internal network; gives up after ten seconds. */
export function fetchBackend(path, options = {}) {
  return fetch(base + path, { signal: AbortSignal.timeout(10_000), ...options });
}
