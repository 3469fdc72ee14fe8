from django.urls import path

from contacts.views import attributes, consents, contacts, manager

app_name = "contacts"
urlpatterns = [
    path("contacts/", manager.manager, name="manager"),
    path("contacts/select/", manager.select, name="select"),
    path("contacts/new/", contacts.create, name="create"),
    path("contacts/<int:pk>/", contacts.contact, name="contact"),
    path("contacts/<int:pk>/edit/", contacts.edit, name="edit"),
    path("contacts/<int:pk>/delete/", contacts.delete, name="delete"),
    path("contacts/<int:pk>/consents/<int:consent_pk>/", contacts.answer, name="answer"),
    path("attributes/", attributes.attributes, name="attributes"),
    path("attributes/new/", attributes.create, name="attribute_create"),
    path("attributes/<int:pk>/edit/", attributes.edit, name="attribute_edit"),
    path("attributes/<int:pk>/delete/", attributes.delete, name="attribute_delete"),
    path("consents/", consents.consents, name="consents"),
    path("consents/new/", consents.create, name="consent_create"),
    path("consents/<int:pk>/edit/", consents.edit, name="consent_edit"),
]
