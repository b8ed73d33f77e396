// The client mode of the Autobahn test suite: runs every case of a fuzzing server by echoing what it sends, then has the
// reports written. `node test/spec/autobahn/client.mjs [ws://127.0.0.1:9001] [agent]`

import { runClient } from './session.mjs';

const [url = 'ws://127.0.0.1:9001', agent = 'wsimd'] = process.argv.slice(2);

const count = await askNumber('/getCaseCount');
console.log(`${count} cases`);
for (let number = 1; number <= count; number++) {
  await runClient(`${url}/runCase?case=${number}&agent=${encodeURIComponent(agent)}`, echo);
  if (number % 50 === 0) console.log(`${number} of ${count}`);
}
await runClient(`${url}/updateReports?agent=${encodeURIComponent(agent)}`, () => {});
console.log(`${count} cases run; the server has the reports`);

async function askNumber(path) {
  let answer;
  await runClient(url + path, (_, message) => {
    answer = Number(message);
  });
  if (!Number.isInteger(answer)) throw new Error(`${url}${path} gives no number`);
  return answer;
}

function echo(connection, message) {
  if (connection.state !== 'open') return;
  if (typeof message === 'string') connection.sendText(message);
  else connection.sendBinary(message);
}
