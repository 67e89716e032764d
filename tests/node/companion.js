// An OPC UA server that is not ours (npm package node-opcua-server), with machines by companion specifications. Written by
// hand from the documents: BrowseNames, namespaces and types as the tables of OPC 40001-1 (Machinery 1.03), OPC 40501-1
// (MachineTool 1.02), OPC 40077 (EUROMAP 77 1.01) and OPC 40083 (EUROMAP 83 1.03) have them; no NodeSet of theirs is loaded.
//   node companion.js '{"port": 0, "machines": ["press", "mill", "moulder"], "perTranslate": 0}'
// Namespace indices are shuffled on purpose, node ids of instances are numbers without meaning. Prints its port when ready;
// takes one JSON object a line, answers "done":
//   {"set": {"press.state": 2, …}}     `state` and `mode` of press: which state object CurrentState/Id names
//   {"remove": "moulder"}              the machine is gone, {"add": "moulder"} puts it there again with other node ids
//   {"oldMill": true}                  the next mill is one of OPC 40501-1 before 1.02; "bare": without what is optional
//   {"twin": true}                     a second node of the same name beside the cycle counter of the moulder
"use strict";
console.log = console.warn = console.error; // What the library says is not what we say.
const path = require("node:path");
const readline = require("node:readline");
const { OPCUAServer } = require("node-opcua-server");
const { OPCUACertificateManager } = require("node-opcua-certificate-manager");
const { DataType, Variant, VariantArrayType } = require("node-opcua-variant");
const { nodesets } = require("node-opcua-nodesets");

const options = { port: 0, machines: ["press", "mill", "moulder"], perTranslate: 0, ...JSON.parse(process.argv[2] || "{}") };
const URI = {
  MachineTool: "http://opcfoundation.org/UA/MachineTool/",
  IMM: "http://opcfoundation.org/UA/PlasticsRubber/IMM2MES/",
  GT: "http://opcfoundation.org/UA/PlasticsRubber/GeneralTypes/",
  own: "urn:not-ours:hall",
  Machinery: "http://opcfoundation.org/UA/Machinery/",
  DI: "http://opcfoundation.org/UA/DI/",
};
const VERSIONS = { MachineTool: "1.02.0", IMM: "1.01", GT: "1.03", Machinery: "1.03.0", DI: "1.04.0" };
const ns = {}, values = new Map(), machines = new Map(), states = {};
let next = 7000, space;

const name = (qualified) => { // "DI:SerialNumber" → the browse name in the server's own index; without a prefix index 0.
  const [prefix, text] = qualified.includes(":") ? qualified.split(/:(.*)/s) : [null, qualified];
  return { namespaceIndex: prefix ? ns[prefix].index : 0, name: text };
};
const object = (parent, browseName, how = "componentOf") =>
  ns.own.addObject({ [how]: parent, browseName: name(browseName), nodeId: `i=${next++}` });
function variable(parent, browseName, dataType, value, key, how = "componentOf") {
  if (key && !values.has(key)) values.set(key, value);
  return ns.own.addVariable({
    [how]: parent, browseName: name(browseName), nodeId: `i=${next++}`, dataType, minimumSamplingInterval: 50,
    value: { get: () => new Variant({ dataType: DataType[dataType === "Duration" ? "Double" : dataType], value: key ? values.get(key) : value, arrayType: VariantArrayType.Scalar }) },
  });
}
const property = (parent, browseName, dataType, value, key) => variable(parent, browseName, dataType, value, key, "propertyOf");
const text = (words, locale = "de") => ({ text: words, locale });

// The states of a state machine stand at its type, each with its StateNumber (OPC 10000-16).
function stateObjects(typeName, numbers) {
  const type = ns.own.addObject({ organizedBy: space.rootFolder.types.objectTypes, browseName: name(typeName), nodeId: `i=${next++}` });
  return Object.fromEntries(Object.entries(numbers).map(([state, number]) => {
    const made = object(type, state);
    property(made, "StateNumber", "UInt32", number);
    return [number, made];
  }));
}
// CurrentState is a text in the machine's language; Id names the state; Number is optional, and only some have it.
function stateMachine(parent, browseName, group, key, number) {
  const machine = object(parent, browseName);
  values.set(key, values.get(key) ?? number);
  const current = variable(machine, "CurrentState", "LocalizedText", text("in Betrieb"));
  ns.own.addVariable({
    propertyOf: current, browseName: name("Id"), nodeId: `i=${next++}`, dataType: "NodeId", minimumSamplingInterval: 50,
    value: { get: () => new Variant({ dataType: DataType.NodeId, value: states[group][values.get(key)].nodeId }) },
  });
  return current;
}

function identification(machine, serial) {
  const made = object(machine, "DI:Identification");
  property(made, "DI:Manufacturer", "LocalizedText", text("Muster AG"));
  property(made, "DI:SerialNumber", "String", serial);
  property(made, "DI:ProductInstanceUri", "String", `https://muster.example/${serial}`);
}
function counters(parent, cycles, key) {
  const made = object(parent, "DI:OperationCounters");
  property(made, "DI:PowerOnDuration", "Duration", 3_600_000);
  property(made, "DI:OperationDuration", "Duration", 1_800_000);
  if (cycles !== undefined) property(made, "DI:OperationCycleCounter", "UInt32", cycles, key);
  return made;
}

const build = {
  press(folder) { // OPC 40001-1, clauses 8, 9, 12, 13 and 14.
    const machine = object(folder, "own:Press 1", "organizedBy");
    identification(machine, "P-4711");
    const blocks = object(machine, "Machinery:MachineryBuildingBlocks");
    stateMachine(blocks, "Machinery:MachineryItemState", "item", "press.state", 3);
    stateMachine(blocks, "Machinery:MachineryOperationMode", "mode", "press.mode", 3);
    counters(blocks, 4_294_967_290, "press.cycles");
    return machine;
  },
  mill(folder) { // OPC 40501-1, clauses 8.1, 8.3, 8.4.
    const machine = object(folder, "own:Mill/2", "organizedBy");
    identification(machine, "M-0815");
    const monitoring = object(machine, "MachineTool:Monitoring");
    const tool = object(monitoring, "MachineTool:MachineTool");
    variable(tool, "MachineTool:OperationMode", "Int32", 1, "mill.mode");
    if (!options.bare) variable(tool, "MachineTool:FeedOverride", "Double", 95.5);
    const counted = counters(tool);
    if (!options.oldMill) variable(counted, "MachineTool:PartsProducedInLifetime", "UInt64", [0, 1234], "mill.parts");
    const channel = object(monitoring, "own:Channel 1");
    variable(channel, "MachineTool:ChannelState", "Int32", 0);
    const production = object(machine, "MachineTool:Production");
    if (options.oldMill) variable(object(production, "MachineTool:Statistics"), "MachineTool:PartsProducedInLifetime", "UInt32", 77);
    const program = object(production, "MachineTool:ActiveProgram");
    property(program, "MachineTool:Name", "String", "O1001.NC");
    const current = stateMachine(program, "MachineTool:State", "program", "mill.program", 1);
    ns.own.addVariable({
      propertyOf: current, browseName: name("Number"), nodeId: `i=${next++}`, dataType: "UInt32", minimumSamplingInterval: 50,
      value: { get: () => new Variant({ dataType: DataType.UInt32, value: values.get("mill.program") }) },
    });
    return machine;
  },
  moulder() { // OPC 40077, clause 7; OPC 40083, clauses 8, 12, 14, 18.4.
    const folder = machines.get("deviceSet");
    const machine = object(folder, "own:IMM_MUSTER_0123456");
    const information = object(machine, "IMM:MachineInformation");
    property(information, "DI:Manufacturer", "LocalizedText", text("MUSTER"));
    property(information, "DI:SerialNumber", "String", "0123456");
    const status = object(machine, "IMM:MachineStatus");
    property(status, "GT:MachineMode", "Int32", 1, "moulder.mode");
    const mes = object(machine, "IMM:MachineMESStatus");
    property(mes, "GT:StandstillReasonId", "String", "", "moulder.reason");
    property(object(mes, "GT:ProductionControl"), "GT:ProductionStatus", "Int32", 4);
    const jobs = object(machine, "IMM:Jobs");
    property(object(jobs, "GT:ActiveJob"), "GT:JobName", "String", "J-17");
    const active = object(jobs, "GT:ActiveJobValues");
    property(active, "GT:JobStatus", "Int32", 6, "moulder.job");
    for (const [counter, value] of Object.entries({ JobCycleCounter: 100, JobPartsCounter: 400, JobGoodPartsCounter: 390, JobBadPartsCounter: 8, JobTestSamplesCounter: 2 }))
      variable(active, `GT:${counter}`, "UInt64", [0, value], `moulder.${counter}`);
    machines.set("cycles", variable(active, "GT:MachineCycleCounter", "UInt64", [1, 5], "moulder.cycles"));
    machines.set("active", active);
    variable(active, "GT:LastCycleTime", "Duration", 12500); // A Duration is in milliseconds.
    variable(active, "GT:AverageCycleTime", "Duration", 12480);
    return machine;
  },
};

function metadata() { // OPC 10000-5, 6.3.13: each namespace says its version below Server/Namespaces.
  const folder = space.rootFolder.objects.server.namespaces;
  for (const [short, version] of Object.entries(VERSIONS)) {
    const made = ns.own.addObject({ componentOf: folder, browseName: { namespaceIndex: ns[short].index, name: URI[short] }, nodeId: `i=${next++}` });
    property(made, "NamespaceUri", "String", URI[short]);
    property(made, "NamespaceVersion", "String", version);
  }
}

async function main() {
  const certificates = new OPCUACertificateManager({ rootFolder: path.resolve("pki"), automaticallyAcceptUnknownCertificate: true });
  await certificates.initialize();
  const server = new OPCUAServer({
    port: options.port, hostname: "127.0.0.1", allowAnonymous: true, serverCertificateManager: certificates,
    nodeset_filename: [nodesets.standard],
    serverCapabilities: { maxSessions: 100, operationLimits: { maxNodesPerTranslateBrowsePathsToNodeIds: options.perTranslate } },
  });
  await server.initialize();
  space = server.engine.addressSpace;
  for (const [short, uri] of Object.entries(URI)) ns[short] = space.registerNamespace(uri);
  const objects = space.rootFolder.objects;
  states.item = stateObjects("Machinery:ItemStates", { "Machinery:NotAvailable": 0, "Machinery:OutOfService": 1, "Machinery:NotExecuting": 2, "Machinery:Executing": 3 });
  states.mode = stateObjects("Machinery:ModeStates", { "Machinery:None": 0, "Machinery:Maintenance": 1, "Machinery:Setup": 2, "Machinery:Processing": 3 });
  states.program = stateObjects("MachineTool:ProgramStates", { "MachineTool:Initializing": 0, "MachineTool:Running": 1, "MachineTool:Ended": 2, "MachineTool:Interrupted": 3, "MachineTool:Aborted": 4 });
  const folder = object(objects, "Machinery:Machines", "organizedBy");
  object(folder, "own:Not a machine", "organizedBy");
  machines.set("deviceSet", object(objects, "DI:DeviceSet", "organizedBy"));
  object(machines.get("deviceSet"), "own:A pump");
  for (const machine of options.machines) machines.set(machine, build[machine](folder));
  metadata();
  await server.start();
  process.stdout.write(`${server.endpoints[0].port}\n`);
  readline.createInterface({ input: process.stdin }).on("line", (line) => {
    const command = JSON.parse(line);
    for (const [key, value] of Object.entries(command.set ?? {})) values.set(key, value);
    if (command.remove) space.deleteNode(machines.get(command.remove));
    if (command.oldMill !== undefined) options.oldMill = command.oldMill;
    if (command.bare !== undefined) options.bare = command.bare;
    if (command.add) machines.set(command.add, build[command.add](folder));
    if (command.twin) machines.set("twin", variable(machines.get("active"), "GT:MachineCycleCounter", "UInt64", [0, 1]));
    process.stdout.write("done\n");
  }).on("close", () => process.exit(0));
}

main().catch((error) => { process.stderr.write(`${error.stack}\n`); process.exit(1); });
