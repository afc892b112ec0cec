/** An etcd of three members for tests, any of which can be killed, paused and started again. */

import { TestEtcd } from "./etcd.ts";

const NAMES = ["a", "b", "c"];

export class EtcdMembers implements AsyncDisposable {
  readonly members: readonly TestEtcd[];

  static async start(): Promise<EtcdMembers> {
    return new EtcdMembers(await TestEtcd.startTogether(NAMES));
  }

  private constructor(members: readonly TestEtcd[]) {
    this.members = members;
  }

  get endpoints(): string[] {
    return this.members.map(({ endpoint }) => endpoint);
  }

  /** Waits for one that says so of itself, of those that are asked. */
  async leader(asked: readonly TestEtcd[] = this.members): Promise<TestEtcd> {
    for (;;) {
      for (const member of asked) {
        const figures = await fetch(`http://${member.endpoint}/metrics`);
        if (/^etcd_server_is_leader 1$/m.test(await figures.text())) return member;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const member of this.members) await member[Symbol.asyncDispose]();
  }
}
