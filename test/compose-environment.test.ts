// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Compose's variables are written so
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { complaints, load, loadWeb, replacedIn, web } from './compose/load.ts';

const variables = { V: 'vv' };

function envFile(text: string): Record<string, string> {
  return loadWeb('env_file: a.env', '', { variables, files: { 'a.env': text } }).environment;
}

describe('an env_file', () => {
  // What docker compose config 2.40 makes of each, with V=vv set outside.
  const cases: [text: string, environment: Record<string, string>][] = [
    ['A=1\nB: 2\nexport C=3\n D = 4', { A: '1', B: '2', C: '3', D: '4' }],
    ['# comment\n\nA=1 # comment\nB=1# none\nC="1" # comment\nD=#none', { A: '1', B: '1# none', C: '1', D: '#none' }],
    ['A=x y\nB=  x  \nC="  x  "', { A: 'x y', B: 'x', C: '  x  ' }],
    ['A="x\\ny\\t\\"q\\" \\\\"', { A: 'x\ny\t"q" \\' }],
    ["A='x\\ny'\nB='it\\'s'", { A: 'x\\ny', B: "it's" }],
    ['A=x\\ny', { A: 'x\\ny' }],
    ['A="multi\nline"\nB=2', { A: 'multi\nline', B: '2' }],
    ['A=$V\nB="${V}"\nC=\'$V\'\nD="\\$V"\nE=$$V', { A: 'vv', B: 'vv', C: '$V', D: '$V', E: '$V' }],
    ['A=1\nB=$A\nC=${A}x${U:-d}', { A: '1', B: '1', C: '1xd' }],
    ['V\nU\nA=', { V: 'vv', A: '' }],
    ['V=own\nA=$V', { V: 'own', A: 'vv' }],
    ['A=a=b\nB={"k": "v"}', { A: 'a=b', B: '{"k": "v"}' }],
    ['A=1\r\nB=2\r\n', { A: '1', B: '2' }],
    ['\uFEFFA=1', { A: '1' }],
    ['A="\\0101"\nB="\\x41"', { A: 'A', B: '\\x41' }],
    ["A=it's", { A: "it's" }],
    ['A.b-c[0]=1\n1A=2\nÉ=3', { 'A.b-c[0]': '1', '1A': '2', É: '3' }],
  ];
  for (const [text, environment] of cases)
    it(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(envFile(text), environment));

  const refused: [text: string, complaint: string][] = [
    ['A=1\nA B=1', 'a.env:2: is neither KEY=value nor a comment (a name has letters, digits, _ . - only)'],
    ['\nA="open', 'a.env:2: the value of A has no closing "'],
    ['A=${V', 'a.env:1: has a dollar and a brace that are not a variable: write $$ for a dollar that is meant as such'],
    ['A=${U:?tell me}', 'a.env:1: the variable U is required but not set: tell me'],
  ];
  for (const [text, complaint] of refused)
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.deepEqual(complaints({ 'compose.yaml': web('env_file: a.env'), 'a.env': text }), [complaint]);
    });

  it('never shows a value in a complaint', () => {
    const found = complaints({ 'compose.yaml': web('env_file: a.env'), 'a.env': 'PASSWORD="s3cret\n  hunter2 x' });
    assert.doesNotMatch(found.join(), /s3cret|hunter2/);
  });

  it('overrides the one before it and may refer to it, and is overridden by environment', () => {
    const files = { 'a.env': 'A=1\nB=1', 'b.env': 'B=2\nC=$A\nD=$E' };
    const body = 'env_file: [a.env, { path: b.env }]\nenvironment: { A: own, E: e }';
    assert.deepEqual(loadWeb(body, '', { files }).environment, { A: 'own', B: '2', C: 'own', D: 'e', E: 'e' });
  });

  it('is taken as it stands in the raw format', () => {
    const files = { 'a.env': 'A="x"\nB=\'$V\'\n  C=$V # c\n#x\nE\nV\nF= 1 \n' };
    assert.deepEqual(loadWeb('env_file: [{ path: a.env, format: raw }]', '', { files, variables }).environment, {
      A: '"x"',
      B: "'$V'",
      C: '$V # c',
      V: 'vv',
      F: ' 1 ',
    });
  });

  it('may be missing where it is not required', () => {
    const file = web('env_file: [{ path: a.env, required: false }]');
    assert.deepEqual(replacedIn(file), [
      'services.web.env_file[0]: there is no file a.env in the bundle; it is not required',
    ]);
  });

  it('must be in the bundle', () => {
    assert.deepEqual(complaints(web('env_file: [a.env, ../b.env, /etc/passwd, ~/c.env]')), [
      'services.web.env_file[0]: there is no file a.env in the bundle (compose.yaml:4:5)',
      'services.web.env_file[1]: must be a file of the bundle: nothing outside of it is read (compose.yaml:4:5)',
      'services.web.env_file[2]: must be a file of the bundle: nothing outside of it is read (compose.yaml:4:5)',
      'services.web.env_file[3]: must be a file of the bundle: nothing outside of it is read (compose.yaml:4:5)',
    ]);
  });
});

describe('environment', () => {
  it('turns values into text, a key without one into that of the variable, else into nothing', () => {
    const { environment } = loadWeb('environment: { A: true, B: 1, C: 1.5, D: "", V: , U: }', '', { variables });
    assert.deepEqual(environment, { A: 'true', B: '1', C: '1.5', D: '', V: 'vv' });
    assert.deepEqual(loadWeb('environment: [A=, V, U, "B=x=y"]', '', { variables }).environment, {
      A: '',
      B: 'x=y',
      V: 'vv',
    });
  });

  it('drops what an env_file says of a key that it names without a value', () => {
    assert.deepEqual(loadWeb('env_file: a.env\nenvironment: [A]', '', { files: { 'a.env': 'A=1\nB=2' } }).environment, {
      B: '2',
    });
  });

  it('refuses names that no process can have', () => {
    assert.equal(complaints(web('environment: ["A =1"]')).length, 1);
  });

  it('takes names that JavaScript knows for names', () => {
    const { environment } = loadWeb('environment: ["__proto__=1", constructor=2]');
    assert.deepEqual(Object.entries(environment), [
      ['__proto__', '1'],
      ['constructor', '2'],
    ]);
  });
});

describe('a release', () => {
  const file = 'services:\n  web: { build: ., environment: { A: file, B: file } }\n  db: { image: "db:1" }\n';

  it('gives images and variables', () => {
    const plan = load(file, {
      release: { web: { image: 'web:0a', variables: { A: 'release', C: 'release' } } },
    });
    const [webService] = plan.services;
    assert.deepEqual(
      [webService?.image, webService?.environment],
      ['web:0a', { A: 'release', B: 'file', C: 'release' }],
    );
    assert.deepEqual(plan.replaced, [
      { where: 'services.web.build', what: 'nothing is built: the image of the release, or of the image key, is used' },
    ]);
  });

  it('is needed by a service that is only built, and names no service that is not there', () => {
    assert.deepEqual(complaints(file, { release: { wbe: { image: 'web:1' } } }), [
      'release.wbe: the release names a service that the file does not have',
      'services.web: is built, but nothing is built here and the release has no image for it (compose.yaml:2:3)',
    ]);
  });

  it('says so where it replaces an image', () => {
    assert.deepEqual(replacedIn(file, { release: { web: { image: 'web:2' }, db: { image: 'db:2' } } }).slice(1), [
      "services.db.image: the release's image is used",
    ]);
  });
});
