// An OPC UA server that is not ours (npm package node-opcua-server), with as many variables as wanted and every fault.
//   node plc.js '{"port": 0, "nodes": 2500, "perRead": 1000, "perCall": 100, "secure": false}'
// `transfer`: a subscription may go on in the next session of somebody without a name. t0 … t<n-1> hold their own numbers; beside them are the special ones below. A limit of 0 is none. `secure`: signed and
// encrypted connections only, user `lineside` with password `secret`, or a certificate. Certificates go below the working
// directory (pki/). Prints its port when ready; takes one JSON object a line, answers "done", or what was asked for:
//   {"set": [[name, value], …], "status": "BadSensorFailure", "source": "2000-01-01"}   one after the other, at once
//   {"lose": [first, last]}      t<first> … t<last> are gone, until {"restore": true}; "quiet": whoever watches is not told
//   {"close": "sessions"}        or "subscriptions": the server ends them
//   {"swallow": n, "keep": b}    the next n notification messages are not sent; keep: they can be asked for again
//   {"ask": "swallowed"}         answers when they are all gone
//   {"late": ms}                 every read is answered so late
//   {"ask": "items"}             how many monitored items the largest request made, and how many there are: "100 2500"
//   {"ask": "written"}           the values of the writable nodes and the calls of methods, as JSON
"use strict";
console.log = console.warn = console.error; // What the library says is not what we say.
const readline = require("node:readline");
const { OPCUAServer } = require("node-opcua-server");
const { DataType, Variant, VariantArrayType } = require("node-opcua-variant");
const { StatusCodes } = require("node-opcua-status-code");
const { nodesets } = require("node-opcua-nodesets");
const { admission } = require("./admission.js");

// `identity`: {certificateFile, privateKeyFile, serverInfo: {applicationUri}} in place of a certificate of its own.
const options = { port: 0, nodes: 0, perRead: 0, perCall: 0, secure: false, transfer: false, ...JSON.parse(process.argv[2] || "{}") };
const variables = new Map();
const calls = [];
let most = 0, swallowing = 0;

function variable(own, parent, name, dataType, value, more = {}) {
  const made = own.addVariable({
    componentOf: parent, browseName: name, nodeId: `s=${name}`, dataType, minimumSamplingInterval: 0,
    accessLevel: more.writable ? "CurrentRead | CurrentWrite" : "CurrentRead",
    userAccessLevel: more.writable ? "CurrentRead | CurrentWrite" : "CurrentRead", ...more.options,
  });
  made.setValueFromSource({ dataType: DataType[more.kind ?? dataType], value, ...more.variant });
  variables.set(name, { node: made, kind: DataType[more.kind ?? dataType], more });
}

function special(space, own, plc) {
  variable(own, plc, "count", "Int32", 0);
  variable(own, plc, "good", "UInt32", 0);
  variable(own, plc, "state", "Int32", 6);
  variable(own, plc, "temperature", "Double", 61.25);
  variable(own, plc, "order", "String", "A-17");
  variable(own, plc, "zones", "Float", Float32Array.from([180.5, 190.25, 200]), { variant: { arrayType: VariantArrayType.Array } });
  variable(own, plc, "setpoint", "Double", 20, { writable: true });
  variable(own, plc, "recipe", "String", "R1", { writable: true });
  variable(own, plc, "level", "Int16", 10, { writable: true });
  variable(own, plc, "forbidden", "Double", 1, { writable: true });
  const stopped = own.addEnumerationType({ browseName: "StopReason", enumeration: ["none", "no material", "换模"] });
  variable(own, plc, "stop_reason", stopped.nodeId, 1, { kind: "Int32" });
  own.addMultiStateDiscrete({ componentOf: plc, browseName: "mode", nodeId: "s=mode", enumStrings: ["manual", "automatic"], value: 1 });
  const method = own.addMethod(plc, { browseName: "Reset", nodeId: "s=Reset", inputArguments: [{ name: "to", dataType: DataType.Int32 }], outputArguments: [] });
  method.bindMethod((inputs, _context, done) => {
    calls.push(inputs[0].value);
    done(null, { statusCode: 0 });
  });
}

function packml(space, own) {
  const index = space.getNamespaceIndex("http://opcfoundation.org/UA/PackML/");
  const count = space.findDataType("PackMLCountDataType", index);
  const type = space.findObjectType("PackMLBaseObjectType", index);
  const line = type.instantiate({ browseName: "Filler", organizedBy: space.rootFolder.objects, nodeId: "s=filler", namespace: own,
    optionals: ["Admin", "Admin.ProdProcessedCount", "Admin.ProdDefectiveCount"] });
  const admin = line.getChildByName("Admin");
  const show = (name, rows) => {
    const made = rows.map((row) => space.constructExtensionObject(count, row));
    admin.getChildByName(name).setValueFromSource({ dataType: DataType.ExtensionObject, arrayType: VariantArrayType.Array, value: made });
  };
  variables.set("processed", { show: (rows) => show("ProdProcessedCount", rows) });
  show("ProdProcessedCount", [{ id: 1, name: "bottles", unit: { unitId: 1, displayName: { text: "pcs" } }, count: 41, accCount: 100041 },
    { id: 2, name: "crates", count: 2, accCount: 77 }]);
  return admin.getChildByName("ProdProcessedCount").nodeId;
}

function set(name, value, status, source) {
  const { node, kind, more, show } = variables.get(name);
  if (show) return show(value);
  node.setValueFromSource({ dataType: kind, value: value === "NaN" ? NaN : value, ...more.variant }, status ? StatusCodes[status] : StatusCodes.Good, source ? new Date(source) : undefined);
}

function sessions(server) {
  return Object.values(server.engine._sessions);
}

function subscriptions(server) {
  return sessions(server).flatMap((session) => session.publishEngine.subscriptions);
}

function swallow(server, count, keep) {
  for (const engine of new Set(sessions(server).map((session) => session.publishEngine))) {
    let left = count;
    swallowing += count;
    engine._send_response = function (subscription, response) {
      left -= 1;
      swallowing -= 1;
      if (!keep) subscription._sent_notification_messages.pop();
      if (left === 0) delete engine._send_response;
    };
  }
}

function remove(first, last, quiet) {
  for (let index = first; index <= last; index++) {
    const { node } = variables.get(`t${index}`);
    if (quiet) node.removeAllListeners("dispose");
    node.addressSpace.deleteNode(node);
    variables.delete(`t${index}`);
  }
}

async function main() {
  const server = new OPCUAServer({
    allowAnonymousSubscriptionTransferOnUnsecuredChannel: options.transfer,
    port: options.port, hostname: "127.0.0.1", ...(await admission(options.secure)), ...options.identity, nodeset_filename: [nodesets.standard, nodesets.di, nodesets.packML],
    serverCapabilities: { maxSubscriptions: 100, maxSessions: 100, minSupportedSampleRate: 0, operationLimits: { maxNodesPerRead: options.perRead, maxMonitoredItemsPerCall: options.perCall } },
  });
  await server.initialize();
  const space = server.engine.addressSpace;
  const own = space.registerNamespace("urn:not-ours:plc");
  const plc = own.addObject({ organizedBy: space.rootFolder.objects, browseName: "PLC", nodeId: "s=plc" });
  const add = (first, last) => {
    for (let index = first; index <= last; index++) variable(own, plc, `t${index}`, "Int32", index);
  };
  add(0, options.nodes - 1);
  special(space, own, plc);
  const processed = packml(space, own);
  await server.start();
  let late = 0;
  const read = server._on_ReadRequest.bind(server);
  server._on_ReadRequest = (message, channel) => (late ? setTimeout(() => read(message, channel), late) : read(message, channel));
  const create = server._on_CreateMonitoredItemsRequest.bind(server);
  server._on_CreateMonitoredItemsRequest = (message, channel) => {
    most = Math.max(most, message.request.itemsToCreate.length);
    create(message, channel);
  };
  process.stdout.write(`${server.endpoints[0].port}\n`);
  let lost = null;
  readline.createInterface({ input: process.stdin }).on("line", (line) => {
    const command = JSON.parse(line);
    let answer = "done";
    for (const [name, value] of command.set ?? []) set(name, value, command.status, command.source);
    if (command.lose) remove(...(lost = command.lose), command.quiet);
    if (command.restore && lost) add(...lost), (lost = null);
    if (command.close === "sessions") for (const session of sessions(server)) server.engine.closeSession(session.authenticationToken, true, "Terminated");
    if (command.close === "subscriptions") for (const one of subscriptions(server)) one.terminate();
    if (command.swallow) swallow(server, command.swallow, command.keep);
    if (command.ask === "swallowed") return void (function wait() {
      if (swallowing > 0) return setTimeout(wait, 10);
      process.stdout.write("done\n");
    })();
    if (command.late !== undefined) late = command.late;
    if (command.ask === "items") answer = `${most} ${subscriptions(server).reduce((sum, one) => sum + one.monitoredItemCount, 0)}`;
    if (command.ask === "processed") answer = processed.toString();
    if (command.ask === "written") {
      const value = (name) => variables.get(name).node.readValue().value.value;
      answer = JSON.stringify({ setpoint: value("setpoint"), recipe: value("recipe"), level: value("level"), forbidden: value("forbidden"), calls });
    }
    process.stdout.write(`${answer}\n`);
  }).on("close", () => process.exit(0));
}

main().catch((error) => { process.stderr.write(`${error.stack}\n`); process.exit(1); });
