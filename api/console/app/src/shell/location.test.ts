import { describe, expect, it } from "vitest";
import { deploymentAddress, requestAddress } from "@/words/addresses";
import { idIn } from "./location";

describe("the identifier in a path", () => {
  it.each(["apex@aws", "a/b", "50%", "100%25", "ü?#&", "a b", "%2F"])("survives: %s", (id) => {
    expect(idIn(deploymentAddress(id))).toBe(id);
    expect(idIn(requestAddress(id))).toBe(id);
  });

  it("is shown as it stands where it was not escaped", () => {
    expect(idIn("/requests/50%")).toBe("50%");
  });
});
