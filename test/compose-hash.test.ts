import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { load, loadWeb, serviceOf, web } from './compose/load.ts';

const body = 'environment: { A: 1, B: 2 }\nlabels: { x: y }\nsecrets: [s]';
const more = 'secrets: { s: { environment: S } }\n';
const hash = (text = body, tops = more, s = 's') => loadWeb(text, tops, { variables: { S: s } }).configHash;

describe('the hash of a service', () => {
  it('is a SHA-256', () => assert.match(hash(), /^[0-9a-f]{64}$/));

  const same: [name: string, text: string, tops?: string][] = [
    ['the order of keys', 'secrets: [s]\nlabels: [x=y]\nenvironment: { B: 2, A: 1 }'],
    ['how a value is written', 'environment: [A=1, "B=2"]\nlabels: { x: "y" }\nsecrets: [{ source: s }]'],
    ['what it waits for', `${body}\ndepends_on: [db]`, `  db: { image: x }\n${more}`],
    ['other services', body, `  db: { image: x }\n${more}`],
    ['what is replaced', `${body}\nports: ["80:80"]\ncontainer_name: web`],
  ];
  for (const [name, text, tops] of same) it(`does not depend on ${name}`, () => assert.equal(hash(text, tops), hash()));

  const changed: [name: string, text: string][] = [
    ['a variable', body.replace('A: 1', 'A: 3')],
    ['a label', body.replace('x: y', 'x: z')],
    ['the command', `${body}\ncommand: a`],
    ['a cleared command', `${body}\ncommand: []`],
    ['a limit', `${body}\nmem_limit: 1g`],
    ['a network', `${body}\nnetworks: { default: { aliases: [a] } }`],
  ];
  for (const [name, text] of changed) it(`changes with ${name}`, () => assert.notEqual(hash(text), hash()));

  it('changes with the content of a file and with the image', () => {
    assert.notEqual(hash(body, more, 'other'), hash());
    const one = (image: string) => serviceOf(load(web(''), { release: { web: { image } } }), 'web').configHash;
    assert.notEqual(one('web:1'), one('web:2'));
    assert.equal(one('web:1'), one('web:1'));
  });
});
