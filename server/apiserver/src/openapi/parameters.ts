/** Query parameters as operations name them. */

export interface Parameter {
  readonly name: string;
  readonly type: "string" | "integer" | "boolean";
}

export const text = (name: string): Parameter => ({ name, type: "string" });
export const number = (name: string): Parameter => ({ name, type: "integer" });
export const flag = (name: string): Parameter => ({ name, type: "boolean" });
