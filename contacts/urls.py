from django.urls import path

from contacts.views import attributes, columns, consents, contacts, duplicates, manager, saved_views

app_name = "contacts"
urlpatterns = [
    path("contacts/", manager.manager, name="manager"),
    path("contacts/select/", manager.select, name="select"),
    path("contacts/columns/", columns.columns, name="columns"),
    path("contacts/views/", saved_views.views, name="views"),
    path("contacts/views/save/", saved_views.save, name="view_save"),
    path("contacts/views/opens/", saved_views.opens, name="view_none"),
    path("contacts/views/<int:pk>/save/", saved_views.save_again, name="view_save_again"),
    path("contacts/views/<int:pk>/edit/", saved_views.edit, name="view_edit"),
    path("contacts/views/<int:pk>/delete/", saved_views.delete, name="view_delete"),
    path("contacts/views/<int:pk>/opens/", saved_views.opens, name="view_opens"),
    path("contacts/new/", contacts.create, name="create"),
    path("contacts/duplicates/", duplicates.listing, name="duplicates"),
    path("contacts/duplicates/look/", duplicates.look, name="duplicates_look"),
    path("contacts/duplicates/dismiss/", duplicates.dismiss, name="duplicates_dismiss"),
    path("contacts/compare/", duplicates.compare, name="compare"),
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
