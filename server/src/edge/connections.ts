/**
 * What a client's connections may cost: how many there are, how long they stand still, and how much is asked on one at
 * the same time.
 */
import type { Server, ServerResponse } from "node:http";
import { isIPv6, type Socket } from "node:net";

export type ConnectionLimits = {
  /** Of one address at a time; an IPv6 client has a /64. */
  perClient: number;
  /** A client that reads nothing of an answer that waits for it. */
  stalledMs: number;
  /** A client that has said that it sends no more, while no answer comes. */
  halfClosedMs: number;
  /** The same in the middle of an answer of which nothing is left to send for now: mostly it is gone. */
  halfClosedPauseMs: number;
  /** Asked without waiting for answers, which no client of AWS does. */
  pipelined: number;
};

export const connectionLimits: ConnectionLimits = {
  perClient: 1000,
  stalledMs: 120_000,
  halfClosedMs: 10_000,
  halfClosedPauseMs: 2_000,
  pipelined: 32,
};

/** Watches the connections of a server; tells of each request that came by one. */
export type ConnectionGuard = {
  /**
   * False: the connection is closed, and the request not to be answered. `closed` is told when the answer or its
   * connection is closed, of one that waits behind another too; twice where both are.
   */
  admit(response: ServerResponse, socket: Socket, closed: () => void): boolean;
  /** Also those that Node's own `closeAllConnections` does not know yet: in the middle of a TLS handshake. */
  closeAll(): void;
};

export function guardConnections(server: Server, limits: ConnectionLimits): ConnectionGuard {
  const perClient = new Map<string, number>();
  const open = new Set<Socket>();
  const connections = new WeakMap<Socket, Connection>();
  // Node's clock of a connection starts again with each byte that moves. Between requests its keep-alive rules.
  server.timeout = limits.stalledMs;
  // Who sends a request and says that it was the last still gets an answer.
  (server as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;

  server.prependListener("connection", (socket: Socket) => {
    const client = clientOf(socket.remoteAddress ?? "");
    const count = perClient.get(client) ?? 0;
    if (limits.perClient <= count) {
      socket.destroy();
      return;
    }
    perClient.set(client, count + 1);
    open.add(socket);
    socket.once("close", () => {
      open.delete(socket);
      const left = perClient.get(client)! - 1;
      if (left === 0) perClient.delete(client);
      else perClient.set(client, left);
    });
  });

  return {
    closeAll() {
      for (const socket of open) socket.destroy();
    },
    admit(response, socket, closed) {
      let connection = connections.get(socket);
      if (connection === undefined) {
        connection = watch(socket, limits);
        connections.set(socket, connection);
      }
      const { asked, timeout } = connection;
      asked.set(response, closed);
      if (limits.pipelined < asked.size) {
        socket.destroy();
        return false;
      }
      response.on("close", () => {
        asked.delete(response);
        closed();
      });
      response.on("timeout", timeout);
      return true;
    },
  };
}

type Connection = {
  /** Answers that are not over yet, in order, and who is to be told. */
  asked: Map<ServerResponse, () => void>;
  timeout(): void;
};

function watch(socket: Socket, limits: ConnectionLimits): Connection {
  const asked = new Map<ServerResponse, () => void>();
  // Bodies that are thrown away listen to their connection.
  socket.setMaxListeners(0);
  let armed = limits.stalledMs;
  const arm = (ms: number) => {
    armed = ms;
    socket.setTimeout(ms);
  };
  socket.once("end", () => {
    for (const response of asked.keys()) arm(response.headersSent ? limits.halfClosedPauseMs : limits.halfClosedMs);
  });
  socket.once("close", () => {
    for (const closed of asked.values()) closed();
  });
  return {
    asked,
    timeout() {
      const isWaiting = 0 < socket.writableLength;
      if (isWaiting ? armed === limits.stalledMs : socket.readableEnded) socket.destroy();
      // Cameras pause, and so do those who watch them.
      else arm(limits.stalledMs);
    },
  };
}

/** Who counts as one client: an IPv4 address, the /64 of an IPv6 one. */
export function clientOf(address: string): string {
  const v4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (v4 !== undefined || !isIPv6(address)) return v4 ?? address;
  const [head = "", tail] = address.split("%")[0]!.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0");
  return [...before, ...zeros, ...after].slice(0, 4).join(":");
}
