import { describe, expect, test } from 'vitest';
import { sdkPrograms } from '../kit/sdk-program.ts';

const programs = sdkPrograms();
const launch: typeof programs.launch = (...call) => programs.launch(...call);

describe('a target', () => {
  test('that is a function is called with its arguments, and waited for', async () => {
    const source = `export async function cook(...args) {
      await null;
      console.log(JSON.stringify(args));
    }`;
    expect((await launch(source, 'cook', { args: [1, ['a']], kwargs: {} })).stdout).toBe('[1,["a"]]');
    expect((await launch(source, 'cook', { args: [1], kwargs: { pan: 'big' } })).stdout).toBe('[1,{"pan":"big"}]');
    expect((await launch(source, 'cook')).stdout).toBe('[]');
  });

  test('that is a class is constructed with them, and run', async () => {
    const { stdout, exitCode } = await launch(
      `export default class Cook {
         constructor(name, options) { this.name = name; this.pan = options.pan; }
         async run() { console.log(this.name, this.pan); process.exitCode = 3; }
       }`,
      'default',
      { args: ['Ann'], kwargs: { pan: 'big' } },
    );
    expect([stdout, exitCode]).toEqual(['Ann big', 3]);
  });

  test('that throws has failed, with its stack and without ours', async () => {
    const { stderr, exitCode } = await launch(
      `export function cook() { console.log('x'.repeat(200_000)); throw new TypeError('burnt', { cause: new Error('heat') }); }`,
      'cook',
    );
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^TypeError: burnt\n {4}at cook \(.*program-\d+\.mjs:2:/);
    expect(stderr).toContain('[cause]: Error: heat');
    expect(stderr).not.toContain('launch.');
  });

  test('that throws after much output has all of it written', async () => {
    const { stdout } = await launch(
      `export async function cook() { process.stdout.write('x'.repeat(3_000_000)); throw new Error('burnt'); }`,
      'cook',
    );
    expect(stdout.length).toBe(3_000_000);
  });

  test('that waits for what can never come has failed, and says so', async () => {
    const { stderr, exitCode } = await launch(`export const cook = () => new Promise(() => {});`, 'cook');
    expect([exitCode, stderr]).toEqual([
      13,
      'forkline: `cook` waits for something that can never come: nothing is left that could settle its promise',
    ]);
    expect((await launch(`await new Promise(() => {}); export function cook() {}`, 'cook')).exitCode).toBe(13);
  });

  test.each([
    `export function* cook() { console.log('cooked'); }`,
    `export async function* cook() { console.log('cooked'); }`,
    `function* chop() {} export const cook = async () => chop();`,
    `export class cook { *run() {} }`,
  ])('that gives a generator, which nobody would run, is refused: %s', async (source) => {
    expect(await launch(source, 'cook')).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr:
        'forkline: `cook` returned a generator, which runs only while something loops over it: ' +
        'as the target, name a function that does',
    });
  });

  test('that exits by itself ends as it says', async () => {
    expect((await launch(`export function cook() { process.exit(0); }`, 'cook')).exitCode).toBe(0);
    expect((await launch(`export function cook() { process.exit(9); }`, 'cook')).exitCode).toBe(9);
  });

  test('goes on after its function has returned, until nothing is left to do', async () => {
    const source = `export function cook() { setTimeout(() => console.log('later'), 1); }`;
    expect(await launch(source, 'cook')).toMatchObject({ stdout: 'later', exitCode: 0 });
  });

  test.each([
    ['chef', 'the target has no export `chef`: it exports `Cook`, `cook`'],
    ['menu', 'the export `menu` is object, and a function or a class was expected: it exports `Cook`, `cook`'],
    ['Cook', 'the class `Cook` has no method `run`'],
  ])('that is not there is named with what is: %s', async (name, message) => {
    const source = `export function cook() {} export class Cook {} export const menu = {};`;
    expect(await launch(source, name)).toMatchObject({ stderr: `forkline: ${message}`, exitCode: 1 });
  });
});
