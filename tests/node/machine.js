// An OPC UA server that is not ours (npm package node-opcua-server), with a machine in it to be found.
//   node machine.js PORT MAX_PER_BROWSE MAX_CONTINUATION_POINTS EXTRA
// EXTRA: so many more variables in one folder, so that an answer comes in pieces. Certificates go below the working
// directory. Prints its port when ready; takes one JSON object a line, answers "done":
//   {"make": n}   the press makes n parts, and its energy rises by n * 0.1 kWh
//   {"run": n}    makes n parts a second from now on (0: no more), and the sign of life toggles twice a second
"use strict";
console.log = console.warn = console.error; // What the library says is not what we say.
const path = require("node:path");
const readline = require("node:readline");
const { OPCUAServer } = require("node-opcua-server");
const { OPCUACertificateManager } = require("node-opcua-certificate-manager");
const { DataType, Variant, VariantArrayType } = require("node-opcua-variant");
const { nodesets } = require("node-opcua-nodesets");
const { makeEUInformation } = require("node-opcua-data-access");

const [port, perBrowse, continuationPoints, extra] = process.argv.slice(2).map(Number);
const shown = { parts: 41, reject: 2, beat: false, energy: 12.5, state: 6, temperature: 61.25 };
const timers = [];

function variable(space, parent, name, dataType, get, more = {}) {
  return space.addVariable({
    componentOf: parent, browseName: name, nodeId: more.nodeId ?? `s=${more.id ?? name}`, dataType,
    minimumSamplingInterval: 100, value: { get: () => new Variant({ dataType: DataType[dataType], value: get(), ...more.variant }) },
  });
}

function analog(space, parent, name, unit, low, high, get) {
  return space.addAnalogDataItem({
    componentOf: parent, browseName: name, nodeId: `s=${name}`, dataType: "Double", definition: "", valuePrecision: 0.1,
    engineeringUnitsRange: { low, high }, instrumentRange: { low, high }, engineeringUnits: unit,
    minimumSamplingInterval: 100, value: { get: () => new Variant({ dataType: DataType.Double, value: get() }) },
  });
}

function press(space, own) {
  const machine = own.addObject({ organizedBy: space.rootFolder.objects, browseName: "Press 1", nodeId: "s=press" });
  const counters = own.addObject({ componentOf: machine, browseName: "计数", nodeId: "s=counters" });
  variable(own, counters, "良品/计数", "UInt32", () => shown.parts);
  variable(own, counters, "Reject Count", "UInt16", () => shown.reject);
  variable(own, machine, "Heartbeat", "Boolean", () => shown.beat);
  variable(own, machine, "MachineState", "Int32", () => shown.state);
  variable(own, machine, "Program", "String", () => "A-17");
  variable(own, machine, "History", "Int32", () => Int32Array.from([1, 2, 3]), { variant: { arrayType: VariantArrayType.Array } });
  const kelvin = makeEUInformation("CEL", "°C", "degree Celsius");
  analog(own, machine, "Oil Temperature", kelvin, 0, 120, () => shown.temperature);
  analog(own, machine, "Energy Total", makeEUInformation("KWH", "kW·h", "kilowatt hour"), 0, 1e9, () => shown.energy);
  const loop = own.addObject({ organizedBy: machine, browseName: "Loop", nodeId: "s=loop" });
  loop.addReference({ referenceType: "Organizes", nodeId: machine.nodeId });  // A circle, as real servers have them.
  const many = own.addObject({ organizedBy: machine, browseName: "Many", nodeId: "s=many" });
  for (let index = 0; index < extra; index++) variable(own, many, `R${index}`, "Int16", () => index % 100);
}

function packml(space, own) {
  const index = space.getNamespaceIndex("http://opcfoundation.org/UA/PackML/");
  const type = space.findObjectType("PackMLBaseObjectType", index);
  const line = type.instantiate({ browseName: "Filler", organizedBy: space.rootFolder.objects, nodeId: "s=filler", namespace: own,
    optionals: ["Admin", "Admin.ProdProcessedCount", "Admin.MachDesignSpeed"] });
  const status = line.getChildByName("Status");
  const set = (name, dataType, value) => status.getChildByName(name)?.setValueFromSource({ dataType, value });
  set("CurMachSpeed", DataType.Float, 120);
  set("MachSpeed", DataType.Float, 125);
  set("UnitModeCurrent", DataType.Int32, 1);
}

async function main() {
  const certificates = new OPCUACertificateManager({ rootFolder: path.resolve("pki"), automaticallyAcceptUnknownCertificate: true });
  await certificates.initialize();
  const server = new OPCUAServer({
    port, hostname: "127.0.0.1", allowAnonymous: true, serverCertificateManager: certificates,
    nodeset_filename: [nodesets.standard, nodesets.di, nodesets.packML],
    buildInfo: { productName: "Press of the tests", buildNumber: "7", softwareVersion: "1.4" },
    serverCapabilities: {
      maxBrowseContinuationPoints: continuationPoints, operationLimits: { maxNodesPerBrowse: perBrowse, maxNodesPerRead: 50 },
    },
  });
  await server.initialize();
  const space = server.engine.addressSpace;
  const own = space.registerNamespace("urn:not-ours:press");
  press(space, own);
  packml(space, own);
  await server.start();
  process.stdout.write(`${server.endpoints[0].port}\n`);
  readline.createInterface({ input: process.stdin }).on("line", (line) => {
    const command = JSON.parse(line);
    const make = (parts) => { shown.parts += parts; shown.energy += parts * 0.1; };
    if (command.make) make(command.make);
    if (command.run !== undefined) timers.splice(0).forEach(clearInterval);
    if (command.run) {
      timers.push(setInterval(() => { make(1); shown.temperature += 0.5; }, 1000 / command.run));
      timers.push(setInterval(() => { shown.beat = !shown.beat; }, 500));
    }
    process.stdout.write("done\n");
  }).on("close", () => process.exit(0));
}

main().catch((error) => { process.stderr.write(`${error.stack}\n`); process.exit(1); });
