import type { components } from '../../openapi/types.ts';

type Schemas = components['schemas'];
export type Operation = Schemas['Operation'];

/** greenroom's REST API as a script calls it. */
export interface Client {
  url: string;
  /** @throws Error with the problem's detail and remedy when the answer is no success. */
  call<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** Follows an operation by server-sent events until it has ended. @throws Error when it did not succeed. */
  follow(operation: Operation, onChange?: (operation: Operation) => void): Promise<Operation>;
}

export function createClient(url: string, token: string): Client {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await fetch(url + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${describe(JSON.parse(text))}`);
    return (text && answer.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text) as T;
  };
  return {
    url,
    call,
    async follow(operation, onChange = () => {}) {
      const answer = await fetch(`${url}/v1/operations/${operation.id}/stream`, { headers });
      let buffered = '';
      for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
        buffered += chunk;
        const messages = buffered.split('\n\n');
        buffered = messages.pop()!;
        for (const message of messages) {
          const [event = '', data = ''] = message.split('\n').map((line) => line.slice(line.indexOf(':') + 2));
          if (event === 'operation') onChange(JSON.parse(data));
        }
      }
      const ended = await call<Operation>('GET', `/v1/operations/${operation.id}`);
      if (ended.state !== 'succeeded') throw new Error(`${ended.kind} ${ended.state}: ${describe(ended.error)}`);
      return ended;
    },
  };
}

function describe(problem: Schemas['Problem'] | undefined): string {
  if (!problem) return 'no reason given';
  const errors = (problem.errors ?? []).map(({ where, what }) => `\n  ${where}: ${what}`).join('');
  return [problem.detail, problem.remedy].filter(Boolean).join(' ') + errors;
}
