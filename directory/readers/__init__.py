"""One reader per kind of value, for every door: lists, the annuaire's files, FHIR, LDAP, REST, forms.

Each gives the value, a remark where it was read in a way that a person should know, and a problem where it cannot be
read. A value is taken when its reading is certain, or far likelier than any other for the whole column; never guessed
in silence. Nothing here knows of the database.
"""
