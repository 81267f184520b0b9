// The key that a service may ask for: entered by the reader, and gone with the tab.

import { serviceKey, useKey } from "./store.js";

const control = (id) => document.getElementById(id);

/** Do what needs the service's key; ask the reader for one as long as the service refuses. Throws Failure. */
export async function withKey(act) {
  for (;;) {
    const sent = serviceKey();
    control("forget-key").hidden = !sent;
    try {
      return await act(sent);
    } catch (error) {
      if (error.status !== 401 || !(await enterKey(Boolean(sent)))) throw error;
    }
  }
}

/** Return whether the reader gave a key. */
function enterKey(refused) {
  const dialog = control("key-dialog");
  control("key-refused").hidden = !refused;
  control("key").value = "";
  return new Promise((resolve) => {
    const given = () => {
      useKey(control("key").value.trim());
      dialog.returnValue = "given";
    };
    const leave = () => dialog.close("");
    control("key-form").addEventListener("submit", given);
    control("close-key").addEventListener("click", leave);
    dialog.addEventListener("close", () => {
      control("key-form").removeEventListener("submit", given);
      control("close-key").removeEventListener("click", leave);
      resolve(dialog.returnValue === "given");
    }, { once: true });
    dialog.returnValue = "";
    dialog.showModal();
  });
}

/** Leave the tab without a key. */
export function forgetKey() {
  useKey("");
  control("forget-key").hidden = true;
  control("question").focus();
}
