// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Compose's variables are written so
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseBytes } from '../services/compose/service/bytes.ts';
import { parseDuration } from '../services/compose/service/duration.ts';
import { splitWords } from '../services/compose/service/words.ts';
import { complaints, loadWeb, web } from './compose/load.ts';

// The results were compared with docker compose config 2.40.
describe('a duration', () => {
  const cases: [text: string, ms: number | undefined][] = [
    ['10s', 10_000],
    ['1m30s', 90_000],
    ['500ms', 500],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['1.s', 1000],
    ['1h1m1s1ms', 3_661_001],
    ['1d', 86_400_000],
    ['1w', 604_800_000],
    ['2500us', 2.5],
    ['0', 0],
    ['0s', 0],
    ['10', undefined],
    ['1 s', undefined],
    ['1m 30s', undefined],
    ['1S', undefined],
    ['s', undefined],
    ['', undefined],
    ['-1s', undefined],
  ];
  for (const [text, ms] of cases)
    it(`${text || 'of nothing'} is ${ms ?? 'none'}`, () => assert.equal(parseDuration(text), ms));

  it('is a mistake where it is not one, or the engine would refuse it', () => {
    assert.deepEqual(complaints(web('stop_grace_period: soon\nhealthcheck: { interval: 10us }')), [
      'services.web.healthcheck.interval: must be at least 1ms (compose.yaml:5:20)',
      'services.web.stop_grace_period: must be a duration such as 500ms, 10s or 1m30s (compose.yaml:4:5)',
    ]);
  });
});

describe('a size', () => {
  const gib = 1024 ** 3;
  const cases: [text: number | string, bytes: number | undefined][] = [
    ['512m', 512 * 1024 ** 2],
    ['1gb', gib],
    ['1G', gib],
    ['1GiB', gib],
    ['1.5g', 1.5 * gib],
    ['.5g', gib / 2],
    ['1 g', gib],
    ['64kb', 65_536],
    ['1b', 1],
    ['100', 100],
    [100, 100],
    ['1tb', 1024 * gib],
    ['10x', undefined],
    ['1kbb', undefined],
    ['1eb', undefined],
    ['1  g', undefined],
    ['-1g', undefined],
    ['m', undefined],
    [1.5, undefined],
    ['9999999p', undefined],
  ];
  for (const [text, bytes] of cases) it(`${text} is ${bytes ?? 'none'}`, () => assert.equal(parseBytes(text), bytes));
});

describe('the words of a command', () => {
  const cases: [line: string, words: string[]][] = [
    ['a b', ['a', 'b']],
    ['  a\tb ', ['a', 'b']],
    ["a 'b c' d", ['a', 'b c', 'd']],
    ['a "b c" d', ['a', 'b c', 'd']],
    ["a''b\"c\"'d'", ['abcd']],
    ['a "b\\"c"', ['a', 'b"c']],
    ["a 'b\\c'", ['a', 'b\\c']],
    ['a\\ b', ['a b']],
    ['"\\n"', ['n']],
    ['\'\' a ""', ['', 'a', '']],
    ['a "\'" b', ['a', "'", 'b']],
    ["'it'\"'\"'s'", ["it's"]],
    ['sh -c "echo $HOME && ls | wc"', ['sh', '-c', 'echo $HOME && ls | wc']],
    ['a `b c` $(d e)', ['a', '`b c`', '$(d e)']],
    ['* ~ $X #a', ['*', '~', '$X', '#a']],
    ['', []],
  ];
  for (const [line, words] of cases)
    it(`${line || 'of nothing'} are ${JSON.stringify(words)}`, () => assert.deepEqual(splitWords(line), words));

  for (const line of ["a 'b", 'a "b', 'a \\', 'a (b)', 'a) b', 'a;b', 'a && b', 'a | b', 'a > b', 'a `b'])
    it(`cannot be told of ${line}`, () => assert.equal(typeof splitWords(line), 'string'));

  it('are reported with a remedy', () => {
    assert.deepEqual(complaints(web('command: migrate && serve')), [
      'services.web.command: has a & outside of quotes, but no shell is there to act on it (compose.yaml:4:5)',
    ]);
  });

  const whole: [written: string, command: string[] | undefined][] = [
    ['null', undefined],
    ['[]', []],
    ['""', []],
    ['[a, "b c"]', ['a', 'b c']],
    ['["$$x"]', ['$x']],
    ['>\n      a\n      b "c d"', ['a', 'b', 'c d']],
  ];
  for (const [written, command] of whole)
    it(`of command: ${written.replaceAll('\n', ' ')} are ${JSON.stringify(command)}`, () => {
      const service = loadWeb(`command: ${written}\nentrypoint: ${written}`);
      assert.deepEqual([service.command, service.entrypoint], [command, command]);
    });
});

describe('a boolean', () => {
  for (const [written, value] of [
    ['true', true],
    ['"yes"', true],
    ['"on"', true],
    ['"off"', false],
    ['"${X:-true}"', true],
  ] as const)
    it(`${written} is ${value}`, () => assert.equal(loadWeb(`init: ${written}`).init, value));

  it('is nothing else', () => {
    assert.deepEqual(complaints(web('init: maybe')), ['services.web.init: must be true or false (compose.yaml:4:5)']);
  });
});
