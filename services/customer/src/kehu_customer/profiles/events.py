"""What the world hears of profiles and definitions of facts."""

from typing import Any

from kehu_contracts import archive as contract
from kehu_customer.profiles.models import FactDefinition, Profile


def _profile(profile: Profile, changed: list[str]) -> dict[str, Any]:
    return {
        "profile_id": profile.id,
        "code": profile.code,
        "name_zh": profile.name_zh,
        "name_en": profile.name_en,
        "kind": profile.kind,
        "roles": profile.roles,
        "sections": [contract.SectionOfProfile(**section) for section in profile.sections],
        "active": profile.active,
        "changed": changed,
    }


def _definition(definition: FactDefinition, changed: list[str]) -> dict[str, Any]:
    return {
        "definition_id": definition.id,
        "profile_id": definition.profile_id,
        "section_code": definition.section_code,
        "code": definition.code,
        "name_zh": definition.name_zh,
        "name_en": definition.name_en,
        "data_group": definition.data_group,
        "value_type": definition.type,
        "sensitive": definition.sensitive,
        "validity_months": definition.validity_months,
        "weight": definition.weight,
        "active": definition.active,
        "changed": changed,
    }


def profile_created(profile: Profile) -> contract.ProfileCreated:
    return contract.ProfileCreated(**_profile(profile, []))


def profile_changed(profile: Profile, fields: list[str]) -> contract.ProfileChanged:
    return contract.ProfileChanged(**_profile(profile, fields))


def definition_created(definition: FactDefinition) -> contract.FactDefinitionCreated:
    return contract.FactDefinitionCreated(**_definition(definition, []))


def definition_changed(
    definition: FactDefinition, fields: list[str]
) -> contract.FactDefinitionChanged:
    return contract.FactDefinitionChanged(**_definition(definition, fields))
