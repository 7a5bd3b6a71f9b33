// Passkeys. <form data-passkey="create|get"> asks the browser for one, writes what it answers into the field
// "credential" and sends the form. What is asked stands in the element that data-options names, or comes from data-from.
"use strict";

const told = (form, sentence) => {
  const alert = form.querySelector("[data-passkey-error]");
  alert.textContent = sentence;
  alert.hidden = !sentence;
};

const asked = async (form) => {
  if (form.dataset.options) return JSON.parse(document.getElementById(form.dataset.options).textContent);
  const answer = await fetch(form.dataset.from, { headers: { Accept: "application/json" } });
  return answer.json();
};

const created = (options, alone) => {
  if (alone) {
    Object.assign(options.publicKey.authenticatorSelection, {
      residentKey: "required", requireResidentKey: true, userVerification: "required",
    });
  }
  return webauthnJSON.create(options);
};

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const button = form.querySelector("button[data-passkey-button]");
  button.hidden = !window.PublicKeyCredential;
  button.addEventListener("click", async () => {
    told(form, "");
    try {
      const options = await asked(form);
      const alone = form.elements.passwordless && form.elements.passwordless.checked;
      const creating = form.dataset.passkey === "create";
      const answer = creating
        ? await created(options.creation_options, alone)
        : await webauthnJSON.get(options.request_options);
      form.elements.credential.value = JSON.stringify(answer);
      form.submit();
    } catch {
      told(form, "La clé d’accès n’a pas répondu, ou ne convient pas. Recommencez, ou choisissez un autre moyen.");
    }
  });
}
