/**
 * Follows a store to its millionth event, slower than the store could send, and says how much memory it took on
 * the way: a process of its own, so that nothing else is counted.
 */
const { setImmediate: nextTurn } = require('node:timers/promises');
const { EventStoreDbReader } = require('../../dist/store/eventstore/reader.js');

const [url, count, samples] = process.argv.slice(2).map((text, index) => (index === 0 ? text : Number(text)));
/** Of the event loop: what is not held back arrives while these pass. */
const TURNS_AN_EVENT = 20;

async function main() {
  const reader = new EventStoreDbReader({ url });
  const stop = new AbortController();
  const taken = [];
  let seen = 0;
  for await (const { events } of reader.subscribe(null, stop.signal)) {
    for (const { stream } of events) {
      if (stream !== `submission-${seen}`) throw new Error(`${stream} came as event ${seen}`);
      seen++;
    }
    for (let turn = 0; turn < events.length * TURNS_AN_EVENT; turn++) await nextTurn();
    if (seen >= ((taken.length + 1) * count) / samples) {
      globalThis.gc();
      const { heapUsed, external, rss } = process.memoryUsage();
      taken.push({ seen, heapMb: (heapUsed + external) / 2 ** 20, rssMb: rss / 2 ** 20 });
    }
    if (seen >= count) stop.abort();
  }
  await reader.close();
  process.stdout.write(JSON.stringify(taken));
  process.exit();
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
