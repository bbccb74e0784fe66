import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { complaints, load, loadWeb, serviceOf, web } from './compose/load.ts';

describe('YAML scalars as the text of a variable', () => {
  // What docker compose config 2.40 prints: go-yaml's reading, Go's text.
  const cases: [written: string, text: string][] = [
    ['1.0', '1'],
    ['1e3', '1000'],
    ['1e6', '1e+06'],
    ['1234567.5', '1.2345675e+06'],
    ['0.00001', '1e-05'],
    ['0777', '511'],
    ['0o17', '15'],
    ['0x1F', '31'],
    ['0b11', '3'],
    ['08', '8'],
    ['1_000', '1000'],
    ['+1', '1'],
    ['.5', '0.5'],
    ['12345678901234567890', '12345678901234567890'],
    ['9007199254740993', '9007199254740993'],
    ['true', 'true'],
    ['TRUE', 'true'],
    ['yes', 'yes'],
    ['off', 'off'],
    ['.inf', '+Inf'],
    ['1:30', '1:30'],
    ['1.2.3', '1.2.3'],
    ['"0777"', '0777'],
    ["'~'", '~'],
    ['!!str 0777', '0777'],
    ['!!int "3"', '3'],
    ['2001-01-02', '2001-01-02'],
    ['"\\u00e9"', 'é'],
  ];
  for (const [written, text] of cases)
    it(`reads ${written} as ${text}`, () =>
      assert.equal(loadWeb(`environment: { K: ${written} }`).environment.K, text));

  for (const empty of ['', '~', 'null'])
    it(`reads ${empty || 'nothing'} as no value`, () =>
      assert.deepEqual(loadWeb(`environment: { K: ${empty} }`).environment, {}));
});

describe('YAML structure', () => {
  it('merges << maps, own keys first, then the first of a list', () => {
    const anchors = 'x-a: &a { A: a, B: a }\nx-b: &b { B: b, C: b }\n';
    const { environment } = serviceOf(load(anchors + web('environment: { <<: [*a, *b], A: own }')), 'web');
    assert.deepEqual(environment, { A: 'own', B: 'a', C: 'b' });
  });

  it('lets an alias mean the last anchor before it', () => {
    const text = `x-1: &a 1\n${web('user: *a')}x-2: &a 2\nx-3: *a\n`.replace('&a 1', '&a "1"');
    assert.equal(serviceOf(load(text), 'web').user, '1');
  });

  it('merges the documents of one file', () => {
    const text = `${web('user: a\nhostname: h')}---\nservices: { web: { user: b } }\n`;
    const { user, hostname } = serviceOf(load(text), 'web');
    assert.deepEqual({ user, hostname }, { user: 'b', hostname: 'h' });
  });

  it('accepts a byte order mark and Windows line ends', () => {
    assert.equal(serviceOf(load(`\uFEFF${web('user: a')}`.replaceAll('\n', '\r\n')), 'web').user, 'a');
  });

  const refused: [name: string, text: string, complaint: string][] = [
    [
      'a syntax error',
      'services: [',
      'compose.yaml:1:12: YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['a tab', 'services:\n\tweb:', 'compose.yaml:2:1: YAML: Tabs are not allowed as indentation'],
    ['a duplicate key', web('user: a\nuser: b'), 'compose.yaml:5:5: the key user is already at compose.yaml:4:5'],
    ['a key that is a number', web('environment: { 1: a }'), 'compose.yaml:4:20: a key must be text: put it in quotes'],
    ['a key that is a list', '? [a]\n: b', 'compose.yaml:1:3: a key must be text: put it in quotes'],
    ['an unknown anchor', web('user: *who'), 'compose.yaml:4:11: the alias *who has no anchor &who before it'],
    ['an anchor in itself', 'x-a: &a [*a]', 'compose.yaml:1:10: the alias *a contains itself'],
    ['a merge of no map', web('labels: { <<: 1 }'), 'compose.yaml:4:15: << can only merge a map or a list of maps'],
    [
      'an unknown tag',
      web('user: !python/object a'),
      'compose.yaml:4:26: the YAML tag !python/object has no meaning in a Compose file',
    ],
    ['a prototype', '__proto__: { services: {} }', 'compose.yaml:1:1: the key __proto__ is not accepted'],
    ['a list', '- a', 'compose.yaml: must be a map of top-level keys'],
    ['nothing', '', 'services: there is no service to run'],
  ];
  for (const [name, text, complaint] of refused)
    it(`refuses ${name}`, () => assert.deepEqual(complaints(text), [complaint]));

  it('reports the syntax errors of all files together', () => {
    const found = complaints({ 'a.yaml': 'services: [', 'b.yaml': 'x: {' });
    assert.deepEqual(
      found.map((one) => one.split(': ')[0]),
      ['a.yaml:1:12', 'b.yaml:1:5'],
    );
  });
});
