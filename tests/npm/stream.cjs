// Watches every channel through npm's bitget-api, unmodified but for the base address, while a position is
// reversed. Arguments as session.cjs, and the WebSocket address. Prints one JSON line per update and exception.
"use strict";

const { createRequire } = require("node:module");

const [, , baseUrl, apiKey, apiSecret, apiPass, packages, wsUrl] = process.argv;
const { RestClientV2, WebsocketClientV2, DefaultLogger } = createRequire(`${packages}/`)("bitget-api");
const silent = { ...DefaultLogger, trace: () => {}, info: () => {}, error: () => {} };
const keys = { apiKey, apiSecret, apiPass };
const rest = new RestClientV2({ ...keys, baseUrl });
const stream = new WebsocketClientV2({ ...keys, wsUrl }, silent);

const symbol = "ETHUSDT";
const product = "USDT-FUTURES";
const margined = { symbol, productType: product, marginCoin: "USDT" };
const publicTopics = ["ticker", "books", "books5", "trade", "candle1m"];
const privateTopics = ["account", "positions", "orders", "orders-algo", "fill"];

function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const awaited = new Map();
const subscribed = new Map();

// Resolves when a frame of the channel comes for which `wanted` holds; the limit of time is the test's.
function next(channel, wanted = () => true) {
  return new Promise((resolve) => awaited.set(channel, { wanted, resolve }));
}

stream.on("update", (frame) => {
  if (!frame?.arg) return;
  say({ channel: frame.arg.channel, action: frame.action, data: frame.data });
  const waiting = awaited.get(frame.arg.channel);
  if (waiting?.wanted(frame)) waiting.resolve(frame);
});
stream.on("response", (frame) => subscribed.get(frame?.event === "subscribe" && frame.arg.channel)?.());
stream.on("exception", (error) => say({ exception: error }));

async function main() {
  const begun = [...publicTopics, ...privateTopics].map(
    (channel) => new Promise((resolve) => subscribed.set(channel, resolve)),
  );
  const before = next("positions");
  for (const channel of publicTopics) stream.subscribeTopic(product, channel, symbol);
  for (const channel of privateTopics) stream.subscribeTopic(product, channel);
  await Promise.all([...begun, before]);
  const turned = next("positions", (frame) => frame.data.some((row) => row.holdSide === "short"));
  const filled = next("fill");
  const traded = next("trade", (frame) => frame.action === "update");
  await rest.futuresSubmitReversal(margined);
  await Promise.all([turned, filled, traded]);
  say({ done: true });
  process.exit(0);
}

main();
