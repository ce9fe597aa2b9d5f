// A message centre by the npm package smpp: it says on each line of its output what it saw, the port first.
// Numbers that end in 0058 are throttled, those that end in 0011 are none; the rest is taken, and a receipt sent where
// one is asked for. Each login is greeted with a person's message. It ends when its input does.
"use strict";
const smpp = require("smpp");

const PASSWORD = process.argv[2];
const REFUSED = { "0058": smpp.ESME_RTHROTTLED, "0011": smpp.ESME_RINVDSTADR };
const tell = (seen) => process.stdout.write(JSON.stringify(seen) + "\n");
let taken = 0;

function bind(session, pdu) {
  const known = pdu.password === PASSWORD;
  session.send(pdu.response({ command_status: known ? smpp.ESME_ROK : smpp.ESME_RINVPASWD }));
  tell({ bind: pdu.system_id, system_type: pdu.system_type, version: pdu.interface_version, known });
  if (!known) return session.close();
  session.deliver_sm({ source_addr: "13800000009", destination_addr: "10690001", short_message: "已整改😀" }, acknowledged);
  session.enquire_link((answer) => tell({ alive: answer.command }));
}

function submit(session, pdu) {
  const status = REFUSED[pdu.destination_addr.slice(-4)];
  if (status !== undefined) return session.send(pdu.response({ command_status: status }));
  const id = `npm-${++taken}`;
  session.send(pdu.response({ message_id: id }));
  const short = pdu.short_message.message;
  tell({
    submit: id,
    from: [pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi],
    to: [pdu.destination_addr, pdu.dest_addr_ton, pdu.dest_addr_npi],
    coding: pdu.data_coding,
    udh: (pdu.short_message.udh || []).map((header) => header.toString("hex")),
    text: pdu.message_payload ? pdu.message_payload.message : short,
    payload: Boolean(pdu.message_payload),
  });
  if (pdu.registered_delivery) receipt(session, pdu, id);
}

function receipt(session, pdu, id) {
  const text = `id:${id} sub:001 dlvrd:001 submit date:2411040930 done date:2411040931 stat:DELIVRD err:000 text:`;
  session.deliver_sm(
    {
      esm_class: smpp.ESM_CLASS.MC_DELIVERY_RECEIPT,
      source_addr: pdu.destination_addr,
      destination_addr: pdu.source_addr,
      short_message: text,
      receipted_message_id: id,
      message_state: smpp.MESSAGE_STATE.DELIVERED,
    },
    acknowledged,
  );
}

const acknowledged = (answer) => tell({ acknowledged: answer.command_status });

const server = smpp.createServer((session) => {
  session.on("error", (error) => tell({ error: String(error) }));
  session.on("bind_transceiver", (pdu) => bind(session, pdu));
  session.on("submit_sm", (pdu) => submit(session, pdu));
  session.on("unbind", (pdu) => {
    session.send(pdu.response());
    tell({ unbind: true });
    session.close();
  });
});
server.listen(0, "127.0.0.1", () => tell({ port: server.address().port }));
process.stdin.on("end", () => process.exit(0)).resume();
