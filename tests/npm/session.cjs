// A trading session through npm's bitget-api, unmodified but for the base address.
//
// Arguments: base address, API key, secret, passphrase, and the folder that its packages are installed in.
// Prints one JSON line per call: {call, data} or {call, code, status}. What they must be is the test's to say.
"use strict";

const { createRequire } = require("node:module");

const [, , baseUrl, apiKey, apiSecret, apiPass, packages] = process.argv;
const { RestClientV2 } = createRequire(`${packages}/`)("bitget-api");
const client = new RestClientV2({ apiKey, apiSecret, apiPass, baseUrl });

const product = { productType: "USDT-FUTURES" };
const named = { symbol: "ETHUSDT", ...product };
const margined = { ...named, marginCoin: "USDT" };
const order = { ...margined, marginMode: "crossed", orderType: "limit", side: "buy", size: "1" };
const market = { ...order, orderType: "market" };

function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

// Calls a method by its name in the client; an error says so with what the client's user sees of it.
async function call(method, ...params) {
  try {
    const answer = await client[method](...params);
    say({ call: method, data: answer.data });
    return answer.data;
  } catch (error) {
    say({ call: method, code: error?.body?.code ?? String(error), status: error?.code ?? null });
    return null;
  }
}

async function marketData() {
  await call("getServerTime");
  await call("getFuturesContractConfig", product);
  await call("getFuturesTicker", named);
  await call("getFuturesAllTickers", product);
  await call("getFuturesMergeDepth", { ...named, limit: "5" });
  await call("getFuturesRecentTrades", named);
  await call("getFuturesHistoricTrades", named);
  await call("getFuturesCandles", { ...named, granularity: "1m" });
  await call("getFuturesOpenInterest", named);
  await call("getFuturesNextFundingTime", named);
  await call("getFuturesSymbolPrice", named);
  await call("getFuturesHistoricFundingRates", named);
  await call("getFuturesCurrentFundingRate", named);
  await call("getFuturesPositionTier", named);
}

async function settings() {
  await call("getFuturesAccountAsset", margined);
  await call("getFuturesAccountAssets", product);
  await call("setFuturesMarginMode", { ...margined, marginMode: "isolated" });
  await call("setFuturesLeverage", { ...margined, leverage: "5", holdSide: "long" });
  await call("setFuturesMarginMode", { ...margined, marginMode: "crossed" });
  await call("setFuturesLeverage", { ...margined, leverage: "20" });
}

async function oneWay() {
  await call("setFuturesPositionMode", { ...product, posMode: "one_way_mode" });
  await call("futuresSubmitOrder", market);
  await call("futuresSubmitOrder", { ...order, price: "990", force: "post_only", clientOid: "npm-1" });
  await call("futuresSubmitOrder", { ...order, price: "990", force: "gtc", clientOid: "npm-1" });
  await call("futuresSubmitOrder", { ...order, price: "1000", force: "ioc" });
  await call("futuresSubmitOrder", { ...order, price: "1000", force: "fok" });
  await call("getFuturesOrder", { ...named, clientOid: "npm-1" });
  await call("futuresModifyOrder", { ...named, clientOid: "npm-1", newClientOid: "npm-2", newSize: "2", newPrice: "991" });
  await call("getFuturesOpenOrders", { ...product, symbol: "ETHUSDT" });
  await call("futuresCancelOrder", { ...named, clientOid: "npm-2" });
  await call("futuresBatchSubmitOrders", {
    ...margined, marginMode: "crossed",
    orderList: ["980", "970"].map((price) => ({ size: "1", price, side: "buy", orderType: "limit", force: "gtc" })),
  });
  await call("futuresCancelAllOrders", product);
  await call("futuresSubmitPlanOrder", {
    ...market, planType: "normal_plan", triggerPrice: "900", triggerType: "mark_price",
  });
  await call("getFuturesPlanOrders", { ...product, planType: "normal_plan" });
  await call("futuresCancelPlanOrder", { ...named, planType: "normal_plan" });
  await call("futuresSubmitTPSLOrder", {
    ...margined, planType: "pos_loss", triggerPrice: "900", triggerType: "mark_price", holdSide: "buy",
  });
  await call("futuresCancelPlanOrder", { ...named, planType: "pos_loss" });
  await call("getFuturesPosition", margined);
  await call("futuresSubmitReversal", { ...margined, side: "sell", size: "3" });
  await call("getFuturesPositions", { ...product, marginCoin: "USDT" });
  await call("futuresSubmitOrder", { ...market, size: "3", reduceOnly: "YES" });
  await call("futuresSubmitReversal", margined);
}

async function hedge() {
  await call("setFuturesPositionMode", { ...product, posMode: "hedge_mode" });
  await call("futuresSubmitOrder", { ...market, size: "2", tradeSide: "open" });
  await call("futuresSubmitOrder", market);
  await call("futuresSubmitReversal", { ...margined, side: "buy", tradeSide: "open", size: "2" });
  await call("getFuturesPosition", margined);
  await call("futuresFlashClosePositions", named);
  await call("getFuturesPosition", margined);
}

async function past() {
  await call("getFuturesHistoricOrders", named);
  await call("getFuturesFills", named);
  await call("getFuturesHistoricOrderFills", named);
  await call("getFuturesHistoricPlanOrders", { ...product, planType: "profit_loss" });
  await call("getFuturesHistoricPositions", named);
  await call("getFuturesAccountBills", product);
}

async function main() {
  await marketData();
  await settings();
  await oneWay();
  await hedge();
  await past();
  await call("getFuturesOrder", { ...named, orderId: "1" });
}

main();
