// Everything under test/pipelines again and again: `node test/bench/soak.mjs [rounds]`, by default twenty rounds alone and
// twenty with two busy loops beside them. Says which promise was broken in which round; exits 1 where any was.
import { execa } from 'execa';

const rounds = Number(process.argv[2] ?? 20);
const broken = [...(await soak('alone', 0)), ...(await soak('with two busy loops', 2))];
console.log(broken.length === 0 ? 'every promise was kept' : `${broken.length} promises were broken`);
process.exitCode = broken.length === 0 ? 0 : 1;

async function soak(name, loops) {
  const failures = [];
  const busy = Array.from({ length: loops }, () => execa('node', ['-e', 'for (;;);'], { reject: false }));
  try {
    for (let round = 1; round <= rounds; round++) {
      const start = performance.now();
      const failed = await runTests();
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      console.log(`${name}, round ${round}: ${failed.length} failed, ${seconds} s`);
      for (const failure of failed) console.log(`  ${failure}`);
      failures.push(...failed);
    }
  } finally {
    for (const loop of busy) loop.kill('SIGKILL');
    await Promise.all(busy);
  }
  return failures;
}

async function runTests() {
  const { stdout, stderr, exitCode } = await execa('npx', ['vitest', 'run', 'test/pipelines', '--reporter=json'], {
    reject: false,
  });
  const report = parse(stdout);
  if (report === null) return [`the tests did not run: ${stderr.slice(-2000)}`];
  const failed = report.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'failed')
    .map(({ fullName, failureMessages }) => `${fullName}\n    ${failureMessages.join('\n').slice(0, 2000)}`);
  // A file that does not load and a process that was left behind fail no single test.
  return failed.length === 0 && exitCode !== 0 ? [`vitest ended with ${exitCode}: ${stderr.slice(-2000)}`] : failed;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
