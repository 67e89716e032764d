// Decodes Sparkplug payloads with the npm package sparkplug-payload: one hex line in, one JSON line out.
// 64-bit numbers leave as {"long": "<decimal>"}, bytes as {"base64": "..."}: JSON has neither.
"use strict";
const readline = require("node:readline");
const { get } = require("sparkplug-payload");

const sparkplug = get("spBv1.0");

function plain(value) {
  if (value === null || value === undefined) return null;
  if (typeof value === "object" && typeof value.toSigned === "function") return { long: value.toString() };
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  }
  return value;
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const payload = sparkplug.decodePayload(Buffer.from(line.trim(), "hex"));
  process.stdout.write(JSON.stringify(plain(payload)) + "\n");
});
