/** `npm run bench -- NAME`: measures against the plain tool in the same run; its last line is one JSON object. */
const benches: Record<string, () => Promise<{ run(): Promise<object> }>> = {
  clone: () => import('./clone.ts'),
  snapshot: () => import('./snapshot.ts'),
  masking: () => import('./masking.ts'),
  rehearsal: () => import('./rehearsal.ts'),
};

const name = process.argv[2] ?? '';
const load = benches[name];
if (!load) {
  process.stderr.write(`usage: npm run bench -- ${Object.keys(benches).join('|')}\n`);
  process.exit(2);
}
const { run } = await load();
process.stdout.write(`${JSON.stringify(await run())}\n`);
