// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Compose's variables are written so
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { complaints, type Files, web } from './compose/load.ts';

const many = (count: number, make: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => make(index));
const aliases = (level: number) => `x-${level}: &a${level} [${many(10, () => `*a${level - 1}`)}]\n`;

describe('a bundle that would exhaust greenroom', () => {
  const cases: [name: string, files: Files, complaint: RegExp][] = [
    [
      'aliases of aliases',
      `x-0: &a0 [1]\n${many(12, (index) => aliases(index + 1)).join('')}`,
      /aliases and values come to more than/,
    ],
    [
      'merges of merges',
      `x-0: &a0 { k: 1 }\n${many(12, (index) => `x-${index + 1}: &a${index + 1} { <<: [${many(10, () => `*a${index}`)}] }\n`).join('')}`,
      /aliases and values come to more than/,
    ],
    ['depth', `x-a: ${'['.repeat(60)}${']'.repeat(60)}`, /nested more than 40 deep/],
    ['absurd depth', `x-a: ${'['.repeat(100_000)}`, /nested too deeply/],
    ['a long file', `x-a: ${'a'.repeat(300_000)}`, /has 300005 characters, at most/],
    [
      'keys',
      `x-a: {${many(20_000, (index) => `k${index}: 1`)}}\nx-b: {${many(5_000, () => 'k: 1')}}`,
      /the key k is already at/,
    ],
    [
      'variables of variables',
      {
        'compose.yaml': web('user: $A40'),
        '.env': `A0=${'x'.repeat(1000)}\n${many(40, (index) => `A${index + 1}=$A${index}$A${index}`).join('\n')}`,
      },
      /produce more than \d+ characters/,
    ],
    ['defaults of defaults', web(`user: "${'${A:-'.repeat(50)}${'}'.repeat(50)}"`), /nested more than 20 deep/],
    [
      'includes of includes',
      {
        'compose.yaml': 'include: [a0.txt, a0.txt]',
        ...Object.fromEntries(
          many(20, (index) => `a${index}.txt`).map((name, index) => [
            name,
            `include: [a${index + 1}.txt, a${index + 1}.txt]`,
          ]),
        ),
      },
      /more than 100 Compose files/,
    ],
    [
      'services that extend',
      `services:\n${many(60, (index) => `  s${index}: { extends: s${index + 1} }\n`).join('')}  s60: { image: x }\n`,
      /more than 50 services extend one another/,
    ],
    ['services', `services: {${many(101, (index) => `s${index}: { image: x }`)}}`, /^services: are 101, at most 100/],
    [
      'a long list',
      web(`ports: [${many(1001, (index) => `${index + 1}`)}]`),
      /^services\.web\.ports: has 1001 entries/,
    ],
    [
      'a long env file',
      { 'compose.yaml': web('env_file: a.env'), 'a.env': 'A=1\n'.repeat(70_000) },
      /^a\.env: has 280000 characters/,
    ],
    [
      'files in containers',
      {
        'compose.yaml': web(`volumes: [${many(60, (index) => `"./d:/d${index}"`)}]`),
        ...Object.fromEntries(many(100, (index) => `d/${index}`).map((path) => [path, ''])),
      },
      /more than 5000 files are put into containers/,
    ],
    [
      'many files',
      { 'compose.yaml': web(''), ...Object.fromEntries(many(1001, (index) => `f${index}`).map((path) => [path, ''])) },
      /^bundle: has 1002 files/,
    ],
    ['large files', { 'compose.yaml': web(''), a: 'x'.repeat(5_000_000) }, /^a: has 5000000 bytes/],
    [
      'long names',
      web(`labels: { greenroom.${'x'.repeat(10_000)}: 1 }`),
      /^.{300}…: is a label that only greenroom may set/,
    ],
  ];
  for (const [name, files, complaint] of cases)
    it(`is refused at once: ${name}`, { timeout: 5000 }, () => assert.match(complaints(files)[0] ?? '', complaint));

  it('is told at most 200 mistakes', () => {
    assert.equal(complaints(web(`labels: {${many(900, (index) => `greenroom.${index}: 1`)}}`)).length, 200);
  });
});

describe('a bundle', () => {
  for (const path of ['../a', '/a', 'a/../b', './a', 'a//b', 'a\\b', 'a/', 'C:/a', ''])
    it(`has no file ${JSON.stringify(path)}`, () => {
      const [complaint] = complaints({ 'compose.yaml': web(''), [path]: '' }, { composeFiles: ['compose.yaml'] });
      assert.match(complaint ?? '', /is not a plain path inside the bundle/);
    });

  it('has the Compose files that it names', () => {
    assert.deepEqual(complaints('', { composeFiles: ['b.yaml'] }), [
      'b.yaml: is named as a Compose file but is not in the bundle',
    ]);
    assert.deepEqual(complaints('', { composeFiles: [] }), ['bundle: names no Compose file']);
  });

  it('may have names that JavaScript has for everything', () => {
    const found = complaints('services: { constructor: { image: x, depends_on: [toString], networks: [valueOf] } }');
    assert.deepEqual(
      found.map((one) => one.split(':')[0]),
      ['services.constructor.networks.valueOf', 'services.constructor.depends_on.toString'],
    );
  });
});
