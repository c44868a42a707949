// Steps of a client's program: each prints `ok NAME` or `not ok NAME` with the reason.
import assert from 'node:assert/strict';

export { assert };

let failed = 0;

export async function step(name, work) {
  try {
    await work();
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`not ok ${name}: ${`${error.code ?? error.original?.code ?? ""} ${error.message} ${error.sql ?? ""} ${error.stack}`.replace(/\s*\n\s*/g, ' | ').slice(0, 900)}`);
  }
}

/** The code of the error that `work` ends in. */
export async function codeOf(work) {
  try {
    await work();
  } catch (error) {
    return error.code ?? error.original?.code ?? error.driverError?.code ?? error.cause?.code ?? String(error);
  }
  return 'no error';
}

export function finish() {
  process.exit(failed ? 1 : 0);
}
