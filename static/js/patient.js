// Forms a patient's address from the INS, in the page alone: no form, no request, nothing kept.
"use strict";

// The key is 97 minus the rest of the division of the 13 characters by 97; Corsica's letters stand for numbers.
function keyOf(number) {
  const digits = number.replace("2A", "19").replace("2B", "18");
  return String(97n - (BigInt(digits) % 97n)).padStart(2, "0");
}

function read(typed) {
  const ins = typed.toUpperCase().replace(/[\s.-]/g, "");
  if (!ins) return { text: "" };
  if (!/^[1-478]\d{4}(\d\d|2[AB])\d{6}(\d\d)?$/.test(ins)) {
    return ins.length < 15 ? { text: "" } : { text: "Ce n’est pas un matricule INS : 13 caractères, puis une clé de 2 chiffres." };
  }
  const number = ins.slice(0, 13);
  if (ins.length === 13) return { text: "Il manque la clé : les 2 derniers chiffres." };
  if (ins.slice(13) !== keyOf(number)) return { text: "La clé n’est pas celle de ce matricule : un chiffre est sans doute faux." };
  return { text: `${ins}@patient.mssante.fr`, isAddress: true };
}

const part = document.querySelector("[data-patient]");
const input = part.querySelector("input");
const answer = part.querySelector("[data-patient-answer]");
const copy = part.querySelector("[data-patient-copy]");

input.addEventListener("input", () => {
  const { text, isAddress } = read(input.value);
  answer.textContent = text;
  copy.hidden = !isAddress;
});
copy.addEventListener("click", () => navigator.clipboard.writeText(answer.textContent));
// A browser that goes back must not show it again.
addEventListener("pagehide", () => {
  input.value = answer.textContent = "";
  copy.hidden = true;
});
part.hidden = false;
