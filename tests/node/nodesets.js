// An OPC UA server that is not ours (npm package node-opcua-server), with a machine tool made from the types of the OPC
// Foundation's own NodeSets as that package brings them: Machinery 1.04.1 and MachineTool 1.02.0.
//   node nodesets.js PORT
// Prints its port when ready, and ends with its input.
"use strict";
console.log = console.warn = console.error; // What the library says is not what we say.
const path = require("node:path");
const { OPCUAServer } = require("node-opcua-server");
const { OPCUACertificateManager } = require("node-opcua-certificate-manager");
const { DataType, VariantArrayType } = require("node-opcua-variant");
const { nodesets } = require("node-opcua-nodesets");

const UA = "http://opcfoundation.org/UA/";

function machineTool(space, own) {
  const index = (uri) => space.getNamespaceIndex(UA + uri);
  const folder = space.findNode(`ns=${index("Machinery/")};i=1001`); // Machines, OPC 40001-1, clause 9
  const machine = space.findObjectType("MachineToolType", index("MachineTool/")).instantiate({
    browseName: "Mill 7", organizedBy: folder, namespace: own,
    optionals: [
      "MachineryBuildingBlocks", "MachineryBuildingBlocks.MachineryItemState", "MachineryBuildingBlocks.MachineryOperationMode",
      "MachineryBuildingBlocks.OperationCounters", "MachineryBuildingBlocks.OperationCounters.OperationCycleCounter",
      "MachineryBuildingBlocks.OperationCounters.OperationDuration",
      "Monitoring.MachineTool.FeedOverride", "Production.Statistics", "Production.Statistics.PartsProducedInLifetime",
    ],
  });
  const at = (...names) => names.reduce((node, name) => {
    const found = node.getChildByName(name);
    if (!found) throw new Error(`${node.browseName.name} has no ${name}`);
    return found;
  }, machine);
  const set = (value, dataType, ...names) => at(...names).setValueFromSource({ dataType, value, arrayType: VariantArrayType.Scalar });
  set("SN-1", DataType.String, "Identification", "SerialNumber");
  set("https://muster.example/SN-1", DataType.String, "Identification", "ProductInstanceUri");
  set(1, DataType.Int32, "Monitoring", "MachineTool", "OperationMode");
  set(80, DataType.Double, "Monitoring", "MachineTool", "FeedOverride");
  set(99, DataType.UInt32, "Production", "Statistics", "PartsProducedInLifetime");
  set("O7.NC", DataType.String, "Production", "ActiveProgram", "Name");
  set(1, DataType.UInt32, "Production", "ActiveProgram", "State", "CurrentState", "Number");
  const state = (typeName, uri, name) => space.findObjectType(typeName, index(uri)).getChildByName(name).nodeId;
  const executing = state("MachineryItemState_StateMachineType", "Machinery/", "Executing");
  set(executing, DataType.NodeId, "MachineryBuildingBlocks", "MachineryItemState", "CurrentState", "Id");
  const setup = state("MachineOperationModeStateMachineType", "MachineTool/", "Setup");
  set(setup, DataType.NodeId, "MachineryBuildingBlocks", "MachineryOperationMode", "CurrentState", "Id");
  const counters = ["MachineryBuildingBlocks", "OperationCounters"];
  set(17, DataType.UInt32, ...counters, "OperationCycleCounter");
  set(7_200_000, DataType.Double, ...counters, "PowerOnDuration");
  set(3_600_000, DataType.Double, ...counters, "OperationDuration");
}

async function main() {
  const certificates = new OPCUACertificateManager({ rootFolder: path.resolve("pki"), automaticallyAcceptUnknownCertificate: true });
  await certificates.initialize();
  const server = new OPCUAServer({
    port: Number(process.argv[2]), hostname: "127.0.0.1", allowAnonymous: true, serverCertificateManager: certificates,
    nodeset_filename: [nodesets.standard, nodesets.di, nodesets.ia, nodesets.isa95JobControl, nodesets.machinery, nodesets.machineryJobs, nodesets.machineTool],
  });
  await server.initialize();
  const space = server.engine.addressSpace;
  machineTool(space, space.registerNamespace("urn:not-ours:mill"));
  await server.start();
  process.stdout.write(`${server.endpoints[0].port}\n`);
  process.stdin.resume().on("end", () => process.exit(0));
}

main().catch((error) => { process.stderr.write(`${error.stack}\n`); process.exit(1); });
