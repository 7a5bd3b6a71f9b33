"""The structures of the demonstration, its two operators, and who manages what."""

from dataclasses import dataclass
from decimal import Decimal

from stdnum import luhn

from mailboxes.models import Domain, Membership, Operator, Price, Structure

Kind, Offer = Structure.Kind, Price.Offer
FOUNDATION_DOMAIN = "trois-rivieres.mssante.fr"
REGION_DOMAIN = "confluences-esante.mssante.fr"
COMPANY_DOMAIN = "alize-messagerie.mssante.fr"
PORTAL_DOMAIN = "forez-messagerie.mssante.fr"  # of an operator who reads no mail
FORMER_DOMAIN = "cabinets.alize-messagerie.mssante.fr"  # taken out of the white list, and still in use


@dataclass
class Places:
    foundation: Structure
    hospital: Structure
    ehpad: Structure
    ssiad: Structure
    nurses: Structure
    doctors: Structure
    screening: Structure
    sgami: Structure
    physios: Structure
    health_house: Structure
    region: Operator
    company: Operator


def build() -> Places:
    roanne = {"postcode": "42300", "town": "Roanne"}
    foundation = make_structure("Fondation des Trois Rivières", Kind.ORGANISME, finess_ej=checked("42990001"),
                            siret=checked("9900000100001"), referent="Gisèle Fournel",
                            referent_phone="04 77 00 21 12", **roanne)  # fmt: skip
    below = {"parent": foundation, "finess_ej": foundation.finess_ej}
    return Places(
        foundation=foundation,
        hospital=make_structure("Centre hospitalier des Trois Rivières", Kind.HOSPITAL, finess_et=checked("42990101"),
                            siret=checked("9900000100002"), **below, **roanne),
        ehpad=make_structure("EHPAD Les Glycines", Kind.EHPAD, finess_et=checked("42990102"), **below,
                         postcode="42120", town="Le Coteau"),
        ssiad=make_structure("SSIAD des Trois Rivières", Kind.SSIAD, finess_et=checked("42990103"), **below,
                         postcode="42190", town="Charlieu"),
        nurses=make_structure("Cabinet infirmier des Tilleuls", Kind.PRACTICE, rpps_rang="81090000010101",
                          postcode="42190", town="Charlieu"),
        doctors=make_structure("Cabinet médical de la Place aux Herbes", Kind.PRACTICE, rpps_rang="81090000020101",
                           **roanne),
        screening=make_structure("Réseau Dépistage du Sein Val de Loire", Kind.NETWORK, **roanne),
        sgami=make_structure("SGAMI (ministère de l’intérieur), service médical statutaire", Kind.ADMINISTRATION,
                         siret=checked("9900000020001"), postcode="69003", town="Lyon"),
        physios=make_structure("Cabinet de kinésithérapie du Pont Vieux", Kind.PRACTICE, rpps_rang="81090000030101",
                           **roanne),
        health_house=make_structure("Maison de santé des Bords de Loire", Kind.PRACTICE, finess_et=checked("42990201"),
                                postcode="42120", town="Le Coteau"),
        region=_operator("confluences", "Confluences e-santé (GRADeS)", [FOUNDATION_DOMAIN, REGION_DOMAIN],
                         request_email="demandes@confluences.example.org", can_auto_reply=True, can_notify=True,
                         default_quota_mb=2048, alert_after_months=10, end_after_months=12,
                         yearly_cost=Decimal("18.00"), prices={Offer.ORGANISATIONNELLE: "24.00",
                                                               Offer.APP_ESTABLISHMENT: "120.00",
                                                               Offer.APP_ORGANISME: "290.00"}),
        company=_operator("alize", "Alizé Messagerie", [COMPANY_DOMAIN, FORMER_DOMAIN],
                          request_email="support@alize.example.org", can_suspend=True, has_api=True,
                          default_quota_mb=5120, alert_after_months=8, end_after_months=11,
                          prices={Offer.NOMINATIVE: "42.50", Offer.ORGANISATIONNELLE: "55.00",
                                  Offer.APP_ESTABLISHMENT: "95.00"}),
    )  # fmt: skip


def entrust(user, structure: Structure, role: str = Membership.Role.GESTIONNAIRE) -> None:
    Membership.objects.create(user=user, structure=structure, role=role)


def make_structure(name: str, kind: str, **facts) -> Structure:
    structure = Structure(name=name, kind=kind, **facts)
    structure.full_clean()
    structure.save()
    return structure


def _operator(code: str, name: str, domains: list[str], prices: dict[str, str], **facts) -> Operator:
    operator = Operator.objects.create(code=code, name=name, **facts)
    Price.objects.bulk_create(
        Price(operator=operator, offer=offer, yearly_cost=Decimal(cost)) for offer, cost in prices.items()
    )
    Domain.objects.bulk_create(Domain(operator=operator, name=domain) for domain in domains)
    return operator


def checked(body: str) -> str:
    return body + luhn.calc_check_digit(body)
